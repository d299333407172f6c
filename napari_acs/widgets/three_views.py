"""The two planes that the window does not show, on canvases of their own, linked to it."""

from __future__ import annotations

from typing import Any

from napari.components import ViewerModel
from napari.qt import QtViewer
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from napari_acs.viewer.crosshair import Crosshair
from napari_acs.viewer.framing import fit_to_shown
from napari_acs.viewer.mirror import Mirror
from napari_acs.viewer.tool_relay import ToolRelay
from napari_acs.viewer.view_letters import ViewLetters
from napari_acs.viewer.views import AXIAL, VIEWS, show_view, view_of

_KEYS = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)


class LinkedCanvas(QWidget):
    """One more canvas on the layers of a viewer, with letters and crosshair."""

    def __init__(self, source: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ViewerModel(title="napari-acs")
        self.letters = ViewLetters(self.model)
        self._mirror = Mirror(source, self.model)
        self._crosshair = Crosshair(self.model)
        self._relay = ToolRelay(source, self.model)
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.timeout.connect(self.fit)
        self._title = QLabel()
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._canvas = QtViewer(self.model)
        self._plane = AXIAL.name
        self.model.dims.events.ndim.connect(self._on_ndim)
        self._canvas.setAcceptDrops(False)  # a file belongs in the window
        for each in (self._canvas, *self._canvas.findChildren(QWidget)):
            each.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._title)
        layout.addWidget(self._canvas, 1)

    def show_plane(self, name: str) -> None:
        """Show this plane, and say so."""
        self._plane = name
        self._title.setText(VIEWS[name].title)
        self._title.setObjectName(f"plane_{name}")
        show_view(self.model, name)

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Fit the plane again once the canvas has its new size."""
        super().resizeEvent(event)
        self._settled.start()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Leave keys to the window (Qt's name): undo and the tools' keys are of its layers.

        This canvas has twins of them, whose undo knows nothing, and planes that its title names.
        """
        if event is not None and event.type() in _KEYS:
            event.ignore()  # so it is the parent's, up to napari's window
            return True
        return bool(super().eventFilter(watched, event))

    def fit(self) -> None:
        """Fit the plane to the canvas."""
        fit_to_shown(self.model)

    def fit_soon(self, event: Any = None) -> None:
        """Fit the plane once it has the layers that the window has."""
        self._settled.start()

    def _on_ndim(self, event: Any = None) -> None:
        show_view(self.model, self._plane)  # the first volume has come

    def release(self) -> None:
        """Give the canvas back, and let go of every layer."""
        self._relay.close()
        self._crosshair.close()
        self._mirror.close()
        self.letters.close()
        self.model.dims.events.ndim.disconnect(self._on_ndim)
        if isalive(self._canvas):
            self._canvas.close()
        del self._canvas


class ThreeViews(QSplitter):
    """The other two planes, side by side, for the foot of the window."""

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName("three_views")
        self._viewer = viewer
        self._main_crosshair = Crosshair(viewer)
        self.canvases: tuple[LinkedCanvas, ...] = (LinkedCanvas(viewer), LinkedCanvas(viewer))
        for canvas in self.canvases:
            self.addWidget(canvas)
            viewer.events.reset_view.connect(canvas.fit_soon)  # another study, or "home"
        self.setMinimumHeight(260)
        self.follow_plane()

    def follow_plane(self) -> None:
        """Show the planes that the window does not."""
        shown = view_of(self._viewer) or AXIAL
        others = [name for name in VIEWS if name != shown.name]
        for canvas, name in zip(self.canvases, others, strict=True):
            canvas.show_plane(name)

    def show_letters(self, on: bool) -> None:
        """Show the letters, or none."""
        for canvas in self.canvases:
            canvas.letters.on = on

    def release(self) -> None:
        """Unlink from the viewer, and give the canvases back."""
        self._main_crosshair.close()
        for canvas in self.canvases:
            self._viewer.events.reset_view.disconnect(canvas.fit_soon)
            canvas.release()
        self.canvases = ()
        if isalive(self):
            self.deleteLater()
