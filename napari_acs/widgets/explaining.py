"""Shows why a model found nothing, for as long as that is about what is on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Slot

from napari_acs.viewer.look_at import look_at

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_acs.inference.messages import Failure
    from napari_acs.widgets.asked import Asked
    from napari_acs.widgets.nothing_found import NothingFound


class Explaining(QObject):
    """Fills `NothingFound` with the last empty prediction, and moves the view where it points.

    The explanation goes when its study's layers do, when the user dismisses it, and when
    something new is asked for.
    """

    def __init__(self, viewer: Viewer, shown: NothingFound, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._shown = viewer, shown
        self._asked: Asked | None = None
        shown.place_chosen.connect(self._on_place)
        shown.dismissed.connect(self.forget)
        viewer.layers.events.removed.connect(self._on_removed)

    @Slot(object, object)
    def explain(self, asked: Asked, failure: Failure) -> None:
        """Say why the study that was asked for came out empty."""
        self._asked = asked
        self._shown.explain(failure, asked.lines)

    @Slot()
    def forget(self) -> None:
        """Hide the explanation."""
        self._asked = None
        self._shown.clear()

    @Slot(object)
    def _on_place(self, point_mm: tuple[float, float, float]) -> None:
        if self._asked is not None:
            look_at(self._viewer, self._asked.request.study.reference.grid, point_mm)

    def _on_removed(self, event: Any) -> None:
        if isalive(self) and self._asked is not None and self._asked.uses(event.value):
            self.forget()
