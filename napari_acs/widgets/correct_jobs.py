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
from napari_acs.viewer.correcting import apply, canvas_of, snapshot
from napari_acs.widgets.job import JobRunner
from napari_acs.widgets.one_call import Call, Returned, call_job

if TYPE_CHECKING:
    from napari.layers import Labels


@dataclass(frozen=True, eq=False)
class _Asked:
    tool: str
    layer: Labels
    canvas: Canvas


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

    @property
    def layer(self) -> Labels | None:
        """What is being worked on."""
        call = self._runner.request
        return call.about.layer if call is not None else None

    def run(
        self, tool: str, layer: Labels, work: Callable[[Canvas, Callable[[], bool]], Any]
    ) -> None:
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
        canvas = snapshot(canvas_of(layer))
        self._runner.start(Call(partial(work, canvas), _Asked(tool, layer, canvas)))
        self.working.emit(True)

    @Slot()
    def stop(self) -> None:
        """Ask the tool to stop."""
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
        value: Any = outcome.value if isinstance(outcome, Returned) else outcome
        if isinstance(value, Change):
            try:
                apply(asked.layer, value, asked.canvas.labels)
                self.said.emit(f"{value.said}.", "done" if len(value) else "note")
            except BadInput as refusal:
                value = Failure(refusal.sentence(), "", "")
        if isinstance(value, Failure):
            self.said.emit(value.sentence(), "note" if value.kind == "cancelled" else "refusal")
        self.ended.emit(asked.tool, value)
