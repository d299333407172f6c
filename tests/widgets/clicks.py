"""Clicks on the Segment panel, and what they leave in the viewer."""

from __future__ import annotations

from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

MS = 20_000


def click(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def masks(viewer):
    return [layer for layer in viewer.layers if isinstance(layer, Labels)]


def segment(qtbot, dock):
    with qtbot.waitSignal(dock.finished, timeout=MS) as signal:
        click(qtbot, dock, "segment")
    return signal.args[0]
