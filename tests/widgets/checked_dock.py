"""Lines of a check, and what tests of the Segment panel's check do with the dock."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton

from napari_acs.imaging.check.line import CheckLine

MS = 20_000

RED = CheckLine("grids", "red", "Two grids", "T1 and T2 differ", "Align them", "align")
SKULL = CheckLine("skull", "amber", "A skull is there", "T1", "Strip it", "strip")


def click(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def checked(qtbot, dock):
    checker = dock.preparation.checker
    qtbot.waitUntil(lambda: not checker.waiting and checker.lines is not None, timeout=MS)


def text(dock, topic):
    return dock.findChild(QLabel, f"check_{topic}").text()
