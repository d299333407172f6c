"""Lists the small parts of a region, and removes those that are listed, no others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure
from napari_acs.review.correct import Change, find_islands, remove_islands
from napari_acs.viewer.same_voxels import same_voxels
from napari_acs.widgets.classify_edits import MaskEdits

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_acs.review.correct import Canvas, Island
    from napari_acs.widgets.correct_jobs import CorrectJobs
    from napari_acs.widgets.correct_panel import CorrectPanel
    from napari_acs.widgets.correct_target import CorrectTarget

_QUIET_MS = 150


@dataclass(eq=False)
class _Listed:
    """What was asked for, and of which mask; ``seen`` is known once the worker has looked."""

    region: str
    ml: float
    seen: NDArray[Any] | None = None


class CorrectParts(QObject):
    """A list is about one region of one mask as it was: when either changes, it is forgotten.

    Signal: ``refused(tool, Failure)``, where nothing was started.
    """

    refused = Signal(str, object)

    def __init__(
        self, panel: CorrectPanel, target: CorrectTarget, jobs: CorrectJobs, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._panel, self._target, self._jobs = panel, target, jobs
        self._listed: _Listed | None = None
        self._edits = MaskEdits(self, _QUIET_MS)
        self._edits.settled.connect(self._on_settled)
        panel.islands.find_clicked.connect(self._on_find)
        panel.islands.remove_clicked.connect(self._on_remove)
        panel.brush.changed.connect(self._on_brush)
        target.followed.connect(self._on_followed)
        jobs.ended.connect(self._on_ended)

    @Slot(float)
    def _on_find(self, ml: float) -> None:
        self._forget()
        listed = _Listed(self._panel.brush.chosen.region, ml)
        if self._try("find_islands", partial(_find, listed)):
            self._listed = listed

    @Slot()
    def _on_remove(self) -> None:
        if self._listed is not None:
            self._try("remove_islands", partial(_remove, self._listed))

    def _try(self, tool: str, work: Callable[[Canvas, Callable[[], bool]], Any]) -> bool:
        try:
            listing = tool == "find_islands"
            mask = self._target.mask() if listing else self._target.seen_mask()
            self._jobs.run(tool, mask, work)
        except BadInput as refusal:
            self.refused.emit(tool, Failure(refusal.sentence(), "", ""))
            return False
        return True

    @Slot(str, object)
    def _on_ended(self, tool: str, value: Any) -> None:
        if tool == "find_islands" and isinstance(value, tuple):
            self._show(value)
        elif isinstance(value, Change) and len(value):
            self._forget()

    def _show(self, islands: tuple[Island, ...]) -> None:
        listed, panel = self._listed, self._panel
        if listed is None or listed.ml != panel.islands.under_ml or not self._same(listed):
            self._forget()
            panel.message.say("What to list was changed meanwhile. List the parts again.", "note")
            return
        panel.islands.show_islands(listed.region, islands)
        panel.message.clear()

    def _same(self, listed: _Listed) -> bool:
        layer = self._target.layer
        return layer is not None and (listed.seen is None or same_voxels(listed.seen, layer.data))

    @Slot()
    def _on_brush(self) -> None:
        if self._listed is not None and self._panel.brush.chosen.region != self._listed.region:
            self._forget()

    @Slot()
    def _on_settled(self) -> None:
        """Undo tells no more than a change of slice does: the voxels are compared."""
        if self._listed is not None and not self._same(self._listed):
            self._forget()

    @Slot(object)
    def _on_followed(self, layer: Labels | None) -> None:
        self._edits.follow(layer)
        self._forget()

    def _forget(self) -> None:
        self._listed = None
        self._panel.islands.forget()


def _find(listed: _Listed, canvas: Canvas, stop: Callable[[], bool]) -> tuple[Island, ...]:
    listed.seen = canvas.labels
    return tuple(find_islands(canvas, listed.region, under_ml=listed.ml, cancelled=stop))


def _remove(listed: _Listed, canvas: Canvas, stop: Callable[[], bool]) -> Change:
    if listed.seen is None or not same_voxels(listed.seen, canvas.labels):
        raise BadInput(
            "The mask was edited since its parts were listed, so none was removed",
            do="List them again",
        )
    return remove_islands(canvas, listed.region, listed.ml, cancelled=stop)
