"""What is dropped onto a window is read for that window, not for the one in front."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from napari.qt import QtViewer
from qtpy.QtCore import QEvent, QObject

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from qtpy.QtWidgets import QWidget

_DROPS = (QEvent.Type.DragEnter, QEvent.Type.Drop)


def raise_on_drop(viewer: Viewer) -> None:
    """Bring a window to the front when something is dragged onto it; once a window.

    napari does not tell a reader which window it reads for, and its current viewer is that of the
    window in front: a mask that was dropped onto another one got the study of that one.
    """
    window = viewer.window._qt_window
    canvas = window.findChild(QtViewer)
    if canvas is not None and window.findChild(_Raises) is None:
        canvas.installEventFilter(_Raises(window))


class _Raises(QObject):
    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        """Raise the window at the right moment; the event goes on as it would."""
        if event is not None and event.type() in _DROPS:
            window = cast("QWidget", self.parent())  # to hold it would keep a closed one alive
            window.raise_()
            window.activateWindow()
        return False
