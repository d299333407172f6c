"""What tests of the queue of Segment ask of dock and viewer; napari is imported when asked."""

# ruff: noqa: PLC0415
from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton
from widgets.fakes import GRID

from napari_acs.imaging import Grid

MS = 20_000
OTHER = Grid((9, 11, 8), (1.0, 1.2, 3.0), (-20.0, 10.0, 5.0), GRID.direction)


def click(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def checked(qtbot, dock):
    checker = dock.preparation.checker
    qtbot.waitUntil(lambda: not checker.waiting and checker.lines is not None, timeout=MS)


def waiting(dock):
    return dock.findChild(QLabel, "waiting").text()


def masks(viewer):
    from napari.layers import Labels

    return {layer.name: layer for layer in viewer.layers if isinstance(layer, Labels)}


def idle(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.busy, timeout=MS)
