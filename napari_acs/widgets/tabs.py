"""Our panels become tabs of one another where the window is too low to stack them."""

from __future__ import annotations

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

_ROOM = 600
"""Pixels that a panel wants: of two that get fewer, each shows three or four of its rows."""


class Tabs(QObject):
    """Looks at where a panel came up, once, and puts it behind the others of ours there.

    napari stacks the panels of plugins. What the user moves afterwards stays where it was put.

    Parameters
    ----------
    panel : QWidget
        What napari docks; owns this.
    """

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self._panel = panel
        panel.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Wait for the panel to be shown for the first time."""
        if watched is self._panel and event is not None and event.type() == QEvent.Type.Show:
            self._panel.removeEventFilter(self)
            QTimer.singleShot(0, self._look)  # napari lays the dock out after it was shown
        return False

    def _look(self) -> None:
        if not isalive(self):
            return
        own = _dock_of(self._panel)
        window = own.window() if own is not None else None
        if own is None or own.isFloating() or not isinstance(window, QMainWindow):
            return
        docks = [_dock_of(each._panel) for each in window.findChildren(Tabs) if each is not self]
        area = window.dockWidgetArea(own)
        beside = [
            dock
            for dock in docks
            if dock is not None
            and not dock.isHidden()
            and not dock.isFloating()
            and window.dockWidgetArea(dock) == area
        ]
        if beside and window.height() // (len(beside) + 1) < _ROOM:
            window.tabifyDockWidget(beside[-1], own)
            own.raise_()


def _dock_of(widget: QWidget) -> QDockWidget | None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent
