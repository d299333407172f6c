"""The Segment dock: wires the panel, the layers and the job runner."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Layer
from qtpy.compat import isalive
from qtpy.QtCore import Signal, Slot
from qtpy.QtWidgets import QWidget

from napari_acs.errors import BadInput
from napari_acs.viewer.read_blind import refuse_blind
from napari_acs.viewer.snapshot import snapshot_study
from napari_acs.viewer.unwrapped import unwrapped
from napari_acs.widgets.asked import Asked
from napari_acs.widgets.catalogue import Catalogue, ModelChoice, load_catalogue
from napari_acs.widgets.checking import Check, check_snapshot
from napari_acs.widgets.confidence import Confidence
from napari_acs.widgets.explaining import Explaining
from napari_acs.widgets.job import JobRunner
from napari_acs.widgets.listing import Listing
from napari_acs.widgets.mask_view import MaskView
from napari_acs.widgets.matching import (
    guesses_of,
    latest_study,
    match_sequences,
    may_be_sequence,
    sequence_of,
)
from napari_acs.widgets.one_study import OneStudy
from napari_acs.widgets.opening import AskSeries, StudyOpener, ask_series
from napari_acs.widgets.preparation import Preparation
from napari_acs.widgets.preparing import PrepareJob, prepare_job
from napari_acs.widgets.reader_choice import is_preferred, prefer
from napari_acs.widgets.recognising import Recognise, Recognising, recognise_layers
from napari_acs.widgets.request import Job, segment_job
from napari_acs.widgets.saving import AskPath, MaskSaver, ask_path
from napari_acs.widgets.scrolled import fill_with
from napari_acs.widgets.segment_panel import SegmentPanel
from napari_acs.widgets.segmenting import Segmenting
from napari_acs.widgets.view_control import ViewControl

if TYPE_CHECKING:
    from napari.viewer import Viewer


class SegmentDock(QWidget):
    """What ``Plugins > Segment (napari-acs)`` opens.

    Signals: ``ready()`` when models and devices are known; ``finished(Result or Failure)``
    when the outcome of a job is on screen.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer whose layers are offered.
    job, catalogue, ask, check, prepare, series, recognise : callable
        What computes a request, what lists models and devices (both run in a worker), what asks
        for a file name, what checks layers and what aligns and strips them (in a worker too),
        what asks for the series of a DICOM study, what says which sequence a layer without a
        telling name is (in a worker); others in tests.
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
        recognise: Recognise = recognise_layers,
    ) -> None:
        super().__init__()
        self.viewer = napari_viewer = unwrapped(napari_viewer)
        self.panel = SegmentPanel()
        self.runner = JobRunner(job, self)
        self.opener = StudyOpener(napari_viewer, self, series)
        self.saver = MaskSaver(napari_viewer, self, ask)
        self.mask_view = MaskView(napari_viewer, self.panel, self)
        self.views = ViewControl(napari_viewer, self.panel.views, self)
        self.preparation = Preparation(napari_viewer, self.panel, self.runner, check, prepare, self)
        self.segmenting = Segmenting(
            napari_viewer,
            self.panel,
            self.runner,
            self.preparation,
            self.mask_view,
            lambda bundle: self._models[bundle].output if bundle in self._models else None,
            self,
        )
        self.confidence = Confidence(napari_viewer, self.panel.confidence, self)
        self.one_study = OneStudy(napari_viewer, self)
        self.explaining = Explaining(napari_viewer, self.panel.nothing, self)
        self.listing = Listing(catalogue, self)
        self.recognising = Recognising(recognise, self)
        self._models: dict[str, ModelChoice] = {}
        self._pinned: dict[str, Layer | None] = {}
        self._study: str | None = None
        self._hid = ""
        self._checked: object = None
        self.setAcceptDrops(True)
        fill_with(self, self.panel)
        self._connect()
        self._follow_layers()
        self.listing.refresh()

    @property
    def busy(self) -> bool:
        """Whether a job's outcome is awaited."""
        return self.segmenting.busy

    @property
    def said(self) -> str:
        """The sentence that the panel shows, or nothing."""
        return self.panel.message.text()

    def refresh_models(self) -> None:
        """List the models anew, after some were added, removed, or another became the default.

        Runs in a worker. What the user chose stays chosen while it is installed; who chose
        nothing gets the new default. Jobs that run or wait are not touched.
        """
        self.listing.refresh()

    def segment(self) -> None:
        """Segment the chosen layers with the chosen model, or say why not."""
        self._check()  # voxels or places may have been replaced, of which nobody was told
        chosen = self.panel.sequences.selected()
        try:
            refuse_blind(self.viewer.layers, "A segmentation")
            study = snapshot_study(chosen)
            request = self.preparation.request(study, self._chosen_model().id)
        except BadInput as refusal:
            self.panel.message.say(refusal.sentence(), "refusal")
            return
        layers = {sequence: chosen[sequence] for sequence in study.layers}
        self.segmenting.ask(Asked(request, {s: v for s, v in layers.items() if v is not None}))

    def _chosen_model(self) -> ModelChoice:
        model = self._models.get(self.panel.model_id or "")
        if model is None:
            raise BadInput("No model is chosen", do="Install a model, and choose it")
        if not model.trained:
            raise BadInput(
                f"The model {model.title!r} is untrained: its masks would mean nothing",
                do="Train it first (napari-acs train), or choose another model",
            )
        return model

    def dragEnterEvent(self, event: Any) -> None:  # noqa: N802
        """Take dropped files and folders, which then open with napari-acs unasked."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:  # noqa: N802
        """Open what was dropped."""
        self.opener.open([u.toLocalFile() for u in event.mimeData().urls() if u.isLocalFile()])

    def _connect(self) -> None:
        panel = self.panel
        panel.segment_clicked.connect(self.segment)
        panel.open_clicked.connect(self.opener.ask)
        panel.save_clicked.connect(self._on_save)
        panel.drops_toggled.connect(prefer)
        panel.show_drops(is_preferred())
        panel.sequences.chosen.connect(self._on_chosen)
        panel.model_chosen.connect(self._check)
        panel.preparation.changed.connect(self._check)
        self.recognising.recognised.connect(self._follow_layers)
        self.listing.listed.connect(self._on_catalogue)
        self.listing.failed.connect(self._on_refused)
        self.segmenting.finished.connect(self.finished)
        self.segmenting.began.connect(self.explaining.forget)
        self.segmenting.empty.connect(self.explaining.explain)
        self.segmenting.result_added.connect(self.confidence.remember)
        self.segmenting.result_added.connect(panel.open_confidence)
        self.mask_view.followed.connect(self.confidence.follow)
        self.preparation.moved.connect(self._on_moved)
        self.preparation.said.connect(panel.message.say)
        self.opener.opened.connect(self._on_opened)
        self.one_study.hid.connect(self._on_hid)
        self.opener.refused.connect(self._on_refused)
        self.saver.saved.connect(self._on_saved)
        self.saver.refused.connect(self._on_refused)
        events = self.viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed, events.reordered):
            event.connect(self._follow_layers)

    def _follow_layers(self, event: Any = None) -> None:
        if not isalive(self):
            return
        if event is not None and event.type == "removed":
            self._pinned = {s: v for s, v in self._pinned.items() if v is not event.value}
            self.preparation.forget_layer(event.value)
            self.segmenting.forget_layer(event.value)  # before the check: it says more
        images = [layer for layer in self.viewer.layers if may_be_sequence(layer)]
        if (study := latest_study(images)) != self._study:
            self._study = study
            self._pinned.clear()  # what was chosen by hand was for another patient
            self.panel.preparation.forget_mask()
        self.panel.sequences.show_choices(images, match_sequences(images, self._pinned))
        self.preparation.show_masks()
        self._check()
        self.recognising.look_at(images)

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
        self.segmenting.forget_unchecked()
        self.preparation.check(chosen, model.needs if model else None)

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

    @Slot(object)
    def _on_catalogue(self, catalogue: Catalogue) -> None:
        before = self._models.get(self.panel.model_id or "")
        self._models = {model.id: model for model in catalogue.models}
        self.panel.show_catalogue(catalogue)
        if before is not None and before.id not in self._models:
            self.panel.message.say(_gone(before, self._models.get(self.panel.model_id or "")))
        self._check()
        self.ready.emit()

    @Slot(str)
    def _on_save(self, convention: str) -> None:
        self.saver.save(self.mask_view.layer, convention)

    @Slot(str)
    def _on_hid(self, sentence: str) -> None:
        if self.opener.adding:
            self._hid = sentence
        else:
            self.panel.message.say(sentence)

    @Slot()
    def _on_opened(self) -> None:
        self.panel.message.clear()
        if self._hid:
            self.panel.message.say(self._hid)
            self._hid = ""

    @Slot(str)
    def _on_saved(self, sentence: str) -> None:
        self.panel.message.say(sentence, "done")

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self.panel.message.say(sentence, "refusal")


def _state(layer: Layer) -> tuple[object, ...]:
    """Return what changes when a layer gets other voxels or another place; nothing is read."""
    return id(layer.data), tuple(layer.scale), tuple(layer.translate)


def _gone(model: ModelChoice, instead: ModelChoice | None) -> str:
    now = f"{instead.title!r} is chosen now" if instead else "no other is there"
    return f"The model {model.title!r} is not installed any more: {now}."
