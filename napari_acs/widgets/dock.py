"""The Segment dock: wires the panel, the layers and the job runner."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Layer
from napari.qt.threading import thread_worker
from qtpy.compat import isalive
from qtpy.QtCore import QTimer, Signal, Slot
from qtpy.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure, Progress
from napari_acs.viewer.snapshot import snapshot_study
from napari_acs.widgets.catalogue import Catalogue, load_catalogue
from napari_acs.widgets.checking import Check, check_snapshot
from napari_acs.widgets.job import JobRunner
from napari_acs.widgets.mask_view import MaskView
from napari_acs.widgets.matching import (
    guesses_of,
    latest_study,
    match_sequences,
    may_be_sequence,
    sequence_of,
)
from napari_acs.widgets.opening import AskSeries, StudyOpener, ask_series
from napari_acs.widgets.preparation import Preparation, unready
from napari_acs.widgets.preparing import PrepareJob, prepare_job
from napari_acs.widgets.reader_choice import is_preferred, prefer
from napari_acs.widgets.request import Job, SegmentRequest, segment_job
from napari_acs.widgets.results import add_result
from napari_acs.widgets.saving import AskPath, MaskSaver, ask_path
from napari_acs.widgets.segment_panel import SegmentPanel
from napari_acs.widgets.view_control import ViewControl

if TYPE_CHECKING:
    from napari.viewer import Viewer

_SETTLE_MS = 100


class SegmentDock(QWidget):
    """What ``Plugins > Segment (napari-acs)`` opens.

    Signals: ``ready()`` when models and devices are known; ``finished(Result or Failure)``
    when the outcome of a job is on screen.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer whose layers are offered.
    job, catalogue, ask, check, prepare, series : callable
        What computes a request, what lists models and devices (both run in a worker), what asks
        for a file name, what checks layers and what aligns and strips them (in a worker too),
        what asks for the series of a DICOM study; others in tests.
    """

    ready = Signal()
    finished = Signal(object)

    def __init__(
        self,
        napari_viewer: Viewer,
        job: Job = segment_job,
        catalogue: Callable[[], Catalogue] = load_catalogue,
        ask: AskPath = ask_path,
        check: Check = check_snapshot,
        prepare: PrepareJob = prepare_job,
        series: AskSeries = ask_series,
    ) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.panel = SegmentPanel()
        self.runner = JobRunner(job, self)
        self.opener = StudyOpener(napari_viewer, self, series)
        self.saver = MaskSaver(napari_viewer, self, ask)
        self.mask_view = MaskView(napari_viewer, self.panel, self)
        self.views = ViewControl(napari_viewer, self.panel.views, self)
        self.preparation = Preparation(napari_viewer, self.panel, self.runner, check, prepare, self)
        self._models: dict[str, Any] = {}
        self._pinned: dict[str, Layer | None] = {}
        self._study: str | None = None
        self._used: tuple[Layer, ...] = ()
        self._began = 0.0
        self._unchecked: SegmentRequest | None = None
        self._checked: object = None
        self.setAcceptDrops(True)
        self._lay_out()
        self._connect()
        self._follow_layers()
        worker = thread_worker(catalogue)()
        worker.returned.connect(self._on_catalogue)
        worker.errored.connect(self._on_no_catalogue)
        worker.start()

    @property
    def busy(self) -> bool:
        """Whether a job's outcome is awaited."""
        waiting = self._unchecked is not None or self.preparation.adding
        return self.runner.request is not None or waiting

    @property
    def said(self) -> str:
        """The sentence that the panel shows, or nothing."""
        return self.panel.message.text()

    def segment(self) -> None:
        """Segment the chosen layers with the chosen model, or say why not."""
        if self.busy:
            return
        self._check()  # voxels or places may have been replaced, of which nobody was told
        chosen = self.panel.sequences.selected()
        try:
            if self.panel.model_id is None:
                raise BadInput(
                    "No model is chosen", do="Install a model, then open the panel again"
                )
            study = snapshot_study(chosen)
            request = self.preparation.request(study, self.panel.model_id)
        except BadInput as refusal:
            self.panel.message.say(refusal.sentence(), "refusal")
            return
        self._show_started(" ".join(study.notes))
        self._unchecked = request
        if self.preparation.checker.waiting:
            self.preparation.checker.hurry()
        else:
            self._on_checked()

    @Slot()
    def _on_checked(self, *_: object) -> None:
        """Start what was asked for while the check was not ready, unless the check forbids it."""
        request, self._unchecked = self._unchecked, None
        if request is None:
            return
        if reds := self.preparation.reds:
            self.panel.show_running(False)
            self.panel.message.say(unready(request.study, reds), "refusal")
            outcome = Failure(self.said, "", "", "input")
            QTimer.singleShot(_SETTLE_MS, partial(self._tell, outcome))
            return
        self.runner.start(request)

    def dragEnterEvent(self, event: Any) -> None:  # noqa: N802
        """Take dropped files and folders, which then open with napari-acs unasked."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:  # noqa: N802
        """Open what was dropped."""
        self.opener.open([u.toLocalFile() for u in event.mimeData().urls() if u.isLocalFile()])

    def _lay_out(self) -> None:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(self.panel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)
        self.setMinimumWidth(320)

    def _connect(self) -> None:
        panel = self.panel
        panel.segment_clicked.connect(self.segment)
        panel.cancel_clicked.connect(self._on_cancel)
        panel.open_clicked.connect(self.opener.ask)
        panel.save_clicked.connect(self._on_save)
        panel.drops_toggled.connect(prefer)
        panel.show_drops(is_preferred())
        panel.sequences.chosen.connect(self._on_chosen)
        panel.model_chosen.connect(self._check)
        panel.preparation.changed.connect(self._check)
        self.preparation.checker.checked.connect(self._on_checked)
        self.preparation.started.connect(self._show_started)
        self.preparation.moved.connect(self._on_moved)
        self.preparation.said.connect(panel.message.say)
        self.opener.opened.connect(panel.message.clear)
        self.opener.refused.connect(self._on_refused)
        self.saver.saved.connect(self._on_saved)
        self.saver.refused.connect(self._on_refused)
        self.runner.progressed.connect(self._on_progress)
        self.runner.ended.connect(self._on_ended)
        events = self.viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed, events.reordered):
            event.connect(self._follow_layers)
        events.removed.connect(self._on_removed)

    def _follow_layers(self, event: Any = None) -> None:
        if not isalive(self):
            return
        images = [layer for layer in self.viewer.layers if may_be_sequence(layer)]
        if (study := latest_study(images)) != self._study:
            self._study = study
            self._pinned.clear()  # what was chosen by hand was for another patient
            self.panel.preparation.forget_mask()
        self.panel.sequences.show_choices(images, match_sequences(images, self._pinned))
        self.preparation.show_masks()
        self._check()

    @Slot()
    def _check(self) -> None:
        """Check what is chosen, unless that is what was checked last."""
        chosen = self.panel.sequences.selected()
        self.panel.sequences.show_guesses(guesses_of(chosen, self._pinned))
        model = self._models.get(self.panel.model_id or "")
        voxels = tuple(_state(layer) for layer in chosen.values() if layer is not None)
        now = (tuple(chosen.items()), voxels, model, self.panel.preparation.brain)
        if now == self._checked:
            return
        self._checked = now
        if self._unchecked is not None:  # it was for other layers
            self._unchecked = None
            self.panel.show_running(False)
            self.panel.message.say("The layers changed before the job began: click again.", "note")
        self.preparation.check(chosen, model.needs if model else None)

    def _show_started(self, notes: str = "") -> None:
        chosen = self.panel.sequences.selected().values()
        self._used = tuple(layer for layer in chosen if layer is not None)
        self._began = monotonic()
        self.panel.message.say(notes)
        self.panel.show_running(True)

    @Slot(str, object)
    def _on_chosen(self, sequence: str, layer: Layer | None) -> None:
        self._pinned[sequence] = layer
        self._check()

    @Slot(object)
    def _on_moved(self, layers: dict[str, Layer]) -> None:
        images = [layer for layer in self.viewer.layers if isinstance(layer, Image)]
        studies = {sequence_of(layer)[1] for layer in layers.values() if layer is not None}
        if latest_study(images) in {None, *studies}:  # else another patient was opened meanwhile
            self._pinned.update(layers)
        self._checked = None  # the same layers may have been found to fit
        self._follow_layers()

    def _on_removed(self, event: Any) -> None:
        if not isalive(self) or self.runner.request is None:
            return
        if any(event.value is layer for layer in self._used):
            self.runner.abandon()
            self.panel.show_running(False)
            self.panel.message.say(
                f"The work was stopped, because the layer {event.value.name!r} was closed."
            )

    @Slot(object)
    def _on_catalogue(self, catalogue: Catalogue) -> None:
        self._models = {model.id: model for model in catalogue.models}
        self.panel.show_catalogue(catalogue)
        self._check()
        self.ready.emit()

    @Slot(object)
    def _on_no_catalogue(self, error: Exception) -> None:
        self.panel.message.say(f"The models could not be listed. {error}", "refusal")

    @Slot()
    def _on_cancel(self) -> None:
        if self._unchecked is not None:
            self._unchecked = None
            self.panel.show_running(False)
            return
        self.runner.cancel()
        self.panel.show_cancelling()

    @Slot(object)
    def _on_progress(self, progress: Progress) -> None:
        self.panel.show_progress(progress, monotonic() - self._began)

    @Slot(object, object)
    def _on_ended(self, request: Any, outcome: Any) -> None:
        self.panel.show_running(False)
        if isinstance(outcome, Failure):
            kind = "note" if outcome.kind in {"cancelled", "empty"} else "refusal"
            self.panel.message.say(outcome.sentence(), kind)
        elif not isinstance(request, SegmentRequest):
            self.preparation.finish(request, outcome)
        else:
            layer = add_result(self.viewer, request, outcome.segmentation)
            model = self._models.get(request.bundle)
            self.mask_view.follow(layer, model.output if model else None)
            took = f"Done in {monotonic() - self._began:.0f} s."
            notes = (*request.study.notes, *outcome.notes)
            self.panel.message.say(" ".join((took, *notes)), "note" if notes else "done")
        # Qt lays out new rows in its next round: who listens sees them on screen.
        QTimer.singleShot(_SETTLE_MS, partial(self._tell, outcome))

    def _tell(self, outcome: object) -> None:
        if isalive(self):
            self.finished.emit(outcome)

    @Slot(str)
    def _on_save(self, convention: str) -> None:
        self.saver.save(self.mask_view.layer, convention)

    @Slot(str)
    def _on_saved(self, sentence: str) -> None:
        self.panel.message.say(sentence, "done")

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self.panel.message.say(sentence, "refusal")


def _state(layer: Layer) -> tuple[object, ...]:
    """Return what changes when a layer gets other voxels or another place; nothing is read."""
    return id(layer.data), tuple(layer.scale), tuple(layer.translate)
