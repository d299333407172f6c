"""Corrections that take a while: worked out on a copy, in a worker, and made in the layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure
from napari_acs.review.correct import Canvas, Change
from napari_acs.viewer.applying import apply, places_of
from napari_acs.viewer.correcting import canvas_of, snapshot, spacing_of
from napari_acs.widgets.job import JobRunner
from napari_acs.widgets.one_call import Call, Returned, call_job
from napari_acs.widgets.request import CANCELLED

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_acs.viewer.applying import Places


AnyWork = Callable[[Canvas, Callable[[], bool]], Any]


@dataclass(frozen=True, eq=False)
class _Asked:
    tool: str
    layer: Labels


@dataclass(frozen=True, eq=False)
class _WorkedOut:
    """What was returned for a mask as it was seen; of a change also where it is."""

    seen: Canvas
    value: Any
    places: Places | None


def _on_copy(work: AnyWork, canvas: Canvas, cancelled: Callable[[], bool]) -> _WorkedOut:
    """Copy the mask, and work on that.

    The user may paint meanwhile. Then the copy, whatever is in it of the stroke, is not what the
    mask is in the end, and the result is dropped.
    """
    seen = snapshot(canvas)
    value = work(seen, cancelled)
    places = places_of(value, seen.shape) if isinstance(value, Change) else None
    return _WorkedOut(seen, value, places)


def _refuse_rescaled(layer: Labels, seen: Canvas) -> None:
    if spacing_of(layer) != list(seen.spacing):
        raise BadInput(
            f"The scale of the layer {layer.name!r} was changed while this was worked out, so the "
            "result was dropped",
            do="Click again",
        )


class CorrectJobs(QObject):
    """One tool at a time.

    Signals: ``working(bool)``; ``said(text, kind)``; ``ended(tool, value)``, after a change is
    in the layer: what the worker returned, or the `Failure` that was said.
    """

    working = Signal(bool)
    said = Signal(str, str)
    ended = Signal(str, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._runner = JobRunner(call_job, self)
        self._runner.ended.connect(self._on_ended)
        self._stopped = False

    @property
    def layer(self) -> Labels | None:
        """What is being worked on."""
        call = self._runner.request
        return call.about.layer if call is not None else None

    def run(self, tool: str, layer: Labels, work: AnyWork) -> None:
        """Start a tool.

        Raises
        ------
        BadInput
            The layer is nothing that can be corrected, or another tool is at work.
        """
        if self._runner.request is not None:
            raise BadInput(
                "A tool is still at work", do="Wait a moment, or click Stop, and click again"
            )
        # A large mask takes 0.2 s to copy, which the window is not to wait for.
        copied = partial(_on_copy, work, canvas_of(layer))
        self._stopped = False
        self._runner.start(Call(copied, _Asked(tool, layer)))
        self.working.emit(True)

    @Slot()
    def stop(self) -> None:
        """Ask the tool to stop; whatever it still brings is dropped."""
        self._stopped = True
        self._runner.cancel()

    def drop(self) -> None:
        """Forget the tool that is at work: its layer is gone."""
        if self._runner.request is not None:
            self._runner.abandon()
            self.working.emit(False)

    @Slot(object, object)
    def _on_ended(self, call: Call, outcome: Returned | Failure) -> None:
        self.working.emit(False)
        asked: _Asked = call.about
        value: Any = outcome
        if isinstance(outcome, Returned) and self._stopped:
            value = CANCELLED  # it had come to its end, and waited for this thread
        elif isinstance(outcome, Returned):
            worked_out: _WorkedOut = outcome.value
            value = worked_out.value
        if isinstance(value, Change):
            try:
                _refuse_rescaled(asked.layer, worked_out.seen)
                apply(asked.layer, value, worked_out.seen.labels, worked_out.places)
                self.said.emit(f"{value.said}.", "done" if len(value) else "note")
            except BadInput as refusal:
                value = Failure(refusal.sentence(), "", "")
        if isinstance(value, Failure):
            self.said.emit(value.sentence(), "note" if value.kind == "cancelled" else "refusal")
        self.ended.emit(asked.tool, value)
