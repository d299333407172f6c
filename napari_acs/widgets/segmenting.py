"""Runs what clicks on Segment ask for, one after the other, and says how each ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal, Slot

from napari_acs.inference.messages import Failure, Progress
from napari_acs.viewer.read_blind import NOT_SAID, unless_read_blind
from napari_acs.widgets.mask_view import is_file_of
from napari_acs.widgets.matching import sequence_of
from napari_acs.widgets.one_study import show_if_hidden
from napari_acs.widgets.outcomes import Outcomes, fault_of_showing, sentence_on
from napari_acs.widgets.preparation import unready
from napari_acs.widgets.results import add_result

if TYPE_CHECKING:
    from napari.layers import Labels, Layer
    from napari.viewer import Viewer

    from napari_acs.inference.messages import Result
    from napari_acs.models.spec import OutputSpec
    from napari_acs.widgets.asked import Asked
    from napari_acs.widgets.job import JobRunner
    from napari_acs.widgets.mask_view import MaskView
    from napari_acs.widgets.preparation import Preparation
    from napari_acs.widgets.segment_panel import SegmentPanel

_SETTLE_MS = 100


class Segmenting(QObject):
    """The queue of requests: one runs, those asked for meanwhile wait.

    A request goes through three places: ``unchecked`` until the check of its layers is ready,
    ``waiting``, ``running``. A layer that is closed takes the requests that it belongs to along.
    Jobs of `Preparation` run on the same runner but never wait: they start when nothing runs and
    nothing else starts until they end.

    Signals: ``began()`` when something is asked for after everything had ended;
    ``finished(Result or Failure)`` when the outcome of a job is on screen;
    ``result_added(Labels, Segmentation)`` for the layer that shows it; ``empty(Asked, Failure)``
    where the network found nothing in the study that is shown; of another one all is said at once.
    """

    began = Signal()
    finished = Signal(object)
    result_added = Signal(object, object)
    empty = Signal(object, object)

    def __init__(
        self,
        viewer: Viewer,
        panel: SegmentPanel,
        runner: JobRunner,
        preparation: Preparation,
        mask_view: MaskView,
        output_of: Callable[[str], OutputSpec | None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._panel, self._runner = viewer, panel, runner
        self._preparation, self._mask_view = preparation, mask_view
        self._output_of = output_of
        self._unchecked: list[Asked] = []
        self._waiting: list[Asked] = []
        self._running: Asked | None = None
        self._prepared: tuple[Layer, ...] = ()
        self._began = 0.0
        self._outcomes = Outcomes()
        self._shown: WeakKeyDictionary[Labels, str] = WeakKeyDictionary()
        panel.cancel_clicked.connect(self.cancel)
        panel.drop_clicked.connect(self.drop_waiting)
        preparation.checker.checked.connect(self._on_checked)
        preparation.started.connect(self._on_preparing)
        runner.progressed.connect(self._on_progress)
        runner.ended.connect(self._on_ended)

    @property
    def busy(self) -> bool:
        """Whether anything runs, waits, or is being added."""
        return bool(self._runner.request or self._unchecked or self._waiting) or self.preparing

    @property
    def preparing(self) -> bool:
        """Whether a job runs that is to change the chosen layers."""
        return bool(self._runner.request and self._running is None) or self._preparation.adding

    def ask(self, asked: Asked) -> None:
        """Segment this as soon as it is checked and nothing else runs; not twice at once."""
        if self.preparing:
            self._say("The layers are being prepared: click again when that is done.", "note")
            return
        for place, others in (
            ("is being segmented", [self._running]),
            ("waits to be segmented", [*self._waiting, *self._unchecked]),
        ):
            if any(other is not None and asked.same(other) for other in others):
                self._say(f"{asked.study!r} {place} already.", "note")
                return
        if not self.busy:
            self._outcomes.clear()
            self.began.emit()
            self._panel.show_running(True)
        self._say(" ".join(asked.request.study.notes), "note")
        self._unchecked.append(asked)
        self._show_waiting()
        if self._preparation.checker.waiting:
            self._preparation.checker.hurry()
        else:
            self._on_checked()

    def forget_unchecked(self) -> None:
        """Drop what waits for a check that will never come: other layers are chosen by now."""
        if self._unchecked:
            self._unchecked.clear()
            self._say("The layers changed before the job began: click again.", "note")
            self._go_on()

    @Slot()
    def cancel(self) -> None:
        """Stop what runs, and nothing else; what waits comes next."""
        if self._runner.request is not None:
            self._runner.cancel()
            self._panel.show_cancelling()
        else:
            self._unchecked.clear()
            self._go_on()

    @Slot()
    def drop_waiting(self) -> None:
        """Forget what waits; what runs goes on."""
        self._waiting.clear()
        self._unchecked.clear()
        self._go_on()

    @Slot()
    def _on_checked(self, *_: object) -> None:
        """Let what was asked for while the check was not ready wait, unless the check forbids."""
        asked, self._unchecked = self._unchecked, []
        reds = self._preparation.reds
        if asked and reds:
            said = unready(asked[0].request.study, reds)
            self._outcomes.add(said, "refusal")
            self._say_outcomes()
            self._tell_later(Failure(said, "", "", "input"))
        else:
            lines = self._preparation.checker.lines or ()
            self._waiting += [each.checked(lines) for each in asked]
        if asked:
            self._go_on()

    def _go_on(self) -> None:
        """Start what is next, if nothing runs, and show what runs and waits."""
        if self.preparing:
            return
        if self._running is None and self._waiting:
            self._running = self._waiting.pop(0)
            self._began = monotonic()
            self._runner.start(self._running.request)
            self._panel.show_running(True)
        elif self._running is None:
            self._panel.show_running(bool(self._unchecked))
        self._show_waiting()

    def _show_waiting(self) -> None:
        alone = self._running is None and len(self._unchecked) <= 1
        unchecked = [] if alone else self._unchecked  # a lone one is what "Starting ..." is about
        self._panel.show_waiting([asked.study for asked in (*self._waiting, *unchecked)])

    @Slot()
    def _on_preparing(self) -> None:
        chosen = self._panel.sequences.selected().values()
        self._prepared = tuple(layer for layer in chosen if layer is not None)
        self._outcomes.clear()
        self._began = monotonic()
        self._panel.show_running(True, locked=True)

    @Slot(object)
    def _on_progress(self, progress: Progress) -> None:
        self._panel.show_progress(progress, monotonic() - self._began)

    @Slot(object, object)
    def _on_ended(self, request: Any, outcome: Any) -> None:
        asked, self._running = self._running, None
        self._prepared = ()
        if not isinstance(outcome, Failure):
            try:
                if asked is None:
                    self._preparation.finish(request, outcome)
                else:
                    self._show_result(asked, outcome)
            except Exception as error:  # whatever napari raises: the panel must stay usable
                logging.getLogger(__name__).exception("a result could not be shown")
                outcome = fault_of_showing(error)
        if isinstance(outcome, Failure):
            self._show_failure(asked, outcome)
        if asked is None:
            self._panel.show_running(False)
        self._go_on()
        self._tell_later(outcome)

    def _show_result(self, asked: Asked, result: Result) -> None:
        shown = self._is_shown(asked)
        followed = self._mask_view.layer
        show_if_hidden(self._viewer, asked.layers.values() if shown else ())
        layer = add_result(self._viewer, asked.request, result.segmentation, shown=shown)
        self._follow(layer, asked.request.bundle, None if shown else followed)
        self.result_added.emit(layer, result.segmentation)
        hidden = "" if shown else layer.name
        earlier = self._hide_earlier(layer, asked.study) if shown else ()
        said = sentence_on(asked, result, monotonic() - self._began, hidden, earlier)
        self._add_outcome(asked, *unless_read_blind(self._viewer.layers, *said))

    def _hide_earlier(self, layer: Labels, study: str) -> list[str]:
        """Hide the study's other masks: two on one another look like one."""
        earlier = [other for other in self._viewer.layers if other.visible and other is not layer]
        earlier = [o for o in earlier if self._shown.get(o) == study or is_file_of(o, study)]
        for other in earlier:
            other.visible = False
        self._shown[layer] = study
        return [other.name for other in earlier]

    def _follow(self, layer: Labels, bundle: str, instead: Labels | None) -> None:
        """Show the volumes of a new mask; of one that stays hidden, those shown before."""
        output = self._output_of(bundle)
        if layer.visible:
            self._mask_view.follow(layer, output)
        else:
            if output is not None:
                self._mask_view.remember(layer, output)
            self._mask_view.follow(instead)

    def _show_failure(self, asked: Asked | None, failure: Failure) -> None:
        if failure.detail:
            logging.getLogger(__name__).error("%s\n%s", failure.what, failure.detail)
        kind = "note" if failure.kind in {"cancelled", "empty"} else "refusal"
        said = failure.sentence(), kind
        if failure.kind == "empty":
            said = unless_read_blind(self._viewer.layers, *said)
        if said[0] != NOT_SAID and failure.kind == "empty" and asked and self._is_shown(asked):
            self.empty.emit(asked, failure)
            said = Failure(failure.what, "", "See below why", "empty").sentence(), kind
        self._add_outcome(asked, *said)

    def _add_outcome(self, asked: Asked | None, sentence: str, kind: str) -> None:
        """Say how a job ended; of which study, unless that is the only one there is."""
        alone = asked is None or (self._is_shown(asked) and not self._waiting)
        named = not alone or bool(self._outcomes)
        self._outcomes.add(f"{asked.study}: {sentence}" if asked and named else sentence, kind)
        self._say_outcomes()

    def _is_shown(self, asked: Asked) -> bool:
        """Whether the chosen layers are, or show, the study that was asked for."""
        chosen = [layer for layer in self._panel.sequences.selected().values() if layer is not None]
        own = any(asked.uses(layer) for layer in chosen)
        return own or not chosen or any(sequence_of(each)[1] == asked.study for each in chosen)

    def forget_layer(self, layer: Layer) -> None:
        """Stop and forget what was asked for of a layer that was closed."""
        said: list[str] = []
        why = f"because the layer {layer.name!r} was closed"
        if self._running is not None and self._running.uses(layer):
            said.append(f"{self._running.study!r} is not segmented, {why}.")
            self._running = None
            self._runner.abandon()
        elif any(layer is used for used in self._prepared) and self._runner.request is not None:
            said.append(f"The work was stopped, {why}.")
            self._prepared = ()
            self._runner.abandon()
        for place in (self._waiting, self._unchecked):
            gone = [asked for asked in place if asked.uses(layer)]
            said += [f"{each.study!r} does not wait any more, {why}." for each in gone]
            place[:] = [asked for asked in place if not asked.uses(layer)]
        if said:
            self._outcomes.add(" ".join(said), "note")
            self._say_outcomes()
            self._go_on()

    def _say(self, sentence: str, kind: str) -> None:
        """Say something that is no outcome: it goes with the next thing that is said."""
        self._panel.message.say(*self._outcomes.with_more(sentence, kind))

    def _say_outcomes(self) -> None:
        self._panel.message.say(*self._outcomes.with_more("", "done"))

    def _tell_later(self, outcome: object) -> None:
        # Qt lays out new rows in its next round: who listens sees them on screen.
        QTimer.singleShot(_SETTLE_MS, partial(self._tell, outcome))

    def _tell(self, outcome: object) -> None:
        if isalive(self):
            self.finished.emit(outcome)
