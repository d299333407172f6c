"""Follows the mask that is edited and the reader who edits it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer

DRAG_MS = 600
"""A stroke that goes on is saved so often: less than a second of it can be lost."""
_STEP_MS = 120
_MOVED_MS = 500
_ACTIVE_MS = 5000


class MaskFollower(QObject):
    """Tells when a Labels layer has to be saved. Signal: ``due(painted)``.

    `events.paint` comes when a stroke ends, `labels_update` with each of its parts; undo and redo
    say `set_data` alone, as does a step to another slice; another array says `data`. So whoever
    listens compares. While `held`, nothing is due; what came meanwhile is due after.
    """

    due = Signal(bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.layer: Labels | None = None
        self._painted = False
        self._held = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_time)

    def follow(self, layer: Labels | None) -> None:
        """Follow this layer instead of the one before."""
        self._timer.stop()
        self._painted = self._held = False
        for one, act in ((self.layer, "disconnect"), (layer, "connect")):
            if one is not None:
                for name, slot in (
                    ("paint", self._on_paint),
                    ("labels_update", self._on_part),
                    ("set_data", self._on_data),
                    ("data", self._on_other),
                ):
                    getattr(getattr(one.events, name), act)(slot)
        self.layer = layer

    @property
    def painted(self) -> bool:
        """Whether a tool drew since the last time; asking takes it back."""
        painted, self._painted = self._painted, False
        return painted

    @property
    def due_soon(self) -> bool:
        """Whether something happened that is not saved yet."""
        return self._timer.isActive()

    def take(self) -> bool:
        """Be due no more for what happened up to now; return whether a tool drew."""
        self._timer.stop()
        return self.painted

    def put_off(self, *, painted: bool) -> None:
        """Be due again for what was due just now."""
        self._soon(_STEP_MS, painted=painted)

    def hold(self, held: bool) -> None:
        """Let nothing be due for a while, or again."""
        self._held = held
        if not held:
            self.again(_STEP_MS)

    def again(self, milliseconds: int = DRAG_MS) -> None:
        """Be due once more, after so long at most."""
        if not self._timer.isActive() or self._timer.remainingTime() > milliseconds:
            self._timer.start(milliseconds)

    def _on_paint(self, event: Any = None) -> None:
        # Said before the voxels are changed, so after this event.
        self._soon(0, painted=True)

    def _on_part(self, event: Any = None) -> None:
        self._soon(DRAG_MS, painted=True)

    def _on_data(self, event: Any = None) -> None:
        self._painted = False  # no tool says this: what comes last may be an undo
        self._soon(_STEP_MS, painted=False)

    def _on_other(self, event: Any = None) -> None:
        self._soon(_STEP_MS, painted=True)

    def _soon(self, milliseconds: int, *, painted: bool) -> None:
        if isalive(self):
            self._painted = self._painted or painted
            self.again(milliseconds)

    def _on_time(self) -> None:
        if not self._held and self.layer is not None:
            self.due.emit(self.painted)


class ReaderFollower(QObject):
    """Tells what the reader does in the window. Signals: ``moved()``, ``active()``.

    The first after they came to another slice and stayed, the second every few seconds while they
    do something else.
    """

    moved = Signal()
    active = Signal()

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._moved = self._single(_MOVED_MS, self.moved)
        self._active = self._single(_ACTIVE_MS, None)
        viewer.dims.events.point.connect(self._on_moved)
        for event in (
            viewer.scene.camera.events.center,
            viewer.scene.camera.events.zoom,
            viewer.cursor.events.position,
        ):
            event.connect(self._on_active)

    def _single(self, milliseconds: int, signal: Any) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        if signal is not None:
            timer.timeout.connect(signal)
        return timer

    def stop(self) -> None:
        """Say nothing about what happened up to now."""
        self._moved.stop()

    def _on_moved(self, event: Any = None) -> None:
        if isalive(self):
            self._moved.start()

    def _on_active(self, event: Any = None) -> None:
        if isalive(self) and not self._active.isActive():
            self._active.start()
            self.active.emit()
