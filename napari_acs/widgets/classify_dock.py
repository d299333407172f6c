"""The Classify dock: wires the panel, the layers and the job runner."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Layer
from qtpy.compat import isalive
from qtpy.QtCore import Signal, Slot
from qtpy.QtWidgets import QWidget

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume
from napari_acs.inference.classification import Classified
from napari_acs.inference.messages import Failure
from napari_acs.viewer.classification_layer import cam_layer, keep_classification
from napari_acs.viewer.info import info_in
from napari_acs.viewer.make_layer import make_layer
from napari_acs.viewer.masks import mask_of
from napari_acs.viewer.read_blind import NOT_SAID, is_read_blind, refuse_blind
from napari_acs.viewer.snapshot import snapshot_study
from napari_acs.viewer.unwrapped import unwrapped
from napari_acs.widgets.classify_edits import MaskEdits
from napari_acs.widgets.classify_export import ClassifyExport, ask_file
from napari_acs.widgets.classify_panel import WHOLE, ClassifyPanel, Region
from napari_acs.widgets.classify_report import moved_of, record_of
from napari_acs.widgets.classify_request import (
    AnyJob,
    ClassifyRequest,
    classify_job,
    load_classifiers,
)
from napari_acs.widgets.job import JobRunner
from napari_acs.widgets.listing import Listing
from napari_acs.widgets.mask_view import is_tumour_mask
from napari_acs.widgets.matching import (
    latest_study,
    match_sequences,
    may_be_sequence,
    sequence_of,
)
from napari_acs.widgets.one_study import OneStudy
from napari_acs.widgets.outcomes import fault_of_showing
from napari_acs.widgets.scrolled import fill_with
from napari_acs.widgets.shared_letters import letters_beside

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_acs.inference.explain.job import Explained


class ClassifyDock(QWidget):
    """What ``Plugins > Classify (napari-acs)`` opens.

    Signals: ``ready()`` when models are known; ``finished(outcome)`` when it is on screen.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
    job, models, ask : callable
        What computes, what lists classifiers (both in a worker), what asks for a file; others
        in tests.
    """

    ready = Signal()
    finished = Signal(object)

    def __init__(
        self,
        napari_viewer: Viewer,
        job: AnyJob = classify_job,
        models: Callable[[], Any] = load_classifiers,
        ask: Callable[[QWidget, str], Path | None] = ask_file,
    ) -> None:
        super().__init__()
        self.viewer = napari_viewer = unwrapped(napari_viewer)
        self.panel = ClassifyPanel()
        self.runner = JobRunner(job, self)
        self.edits = MaskEdits(self)
        self.listing = Listing(models, self)
        self.export = ClassifyExport(self.panel, ask, self)
        self._pinned: dict[str, Layer | None] = {}
        self._seen: Volume | None = None
        self._region_by_user = False
        self._asked: tuple[list[Layer], bool] = ([], False)
        self._taken: list[Layer] = []
        self._study: str | None = None
        self._last: tuple[ClassifyRequest, Classified] | None = None
        fill_with(self, self.panel)
        letters_beside(self, napari_viewer)
        self.one_study = OneStudy(napari_viewer, self)
        self.one_study.hid.connect(self.panel.message.say)
        panel, card = self.panel, self.panel.card
        panel.classify_clicked.connect(self.classify)
        panel.region_chosen.connect(self._on_region)
        panel.cancel_clicked.connect(self.runner.cancel)
        panel.sequences.chosen.connect(self._on_chosen)
        card.why_clicked.connect(self._on_why)
        self.runner.progressed.connect(panel.show_progress)
        self.runner.ended.connect(self._on_ended)
        self.edits.settled.connect(self._on_settled)
        self.listing.listed.connect(self._on_models)
        self.listing.failed.connect(self._refuse)
        events = self.viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed, events.reordered):
            event.connect(self._follow_layers)
        self._follow_layers()
        self.listing.refresh()

    @property
    def said(self) -> str:
        """The sentence that the panel shows, or nothing."""
        return self.panel.message.text()

    def classify(self) -> None:
        """Classify the chosen layers with the chosen model, or say why not."""
        self._start(edited=False)

    def _start(self, *, edited: bool) -> None:
        try:
            request, layers = self._request()
        except BadInput as refusal:
            self._refuse(refusal.sentence())
            return
        if self.runner.start(request):
            self._asked = layers, edited
            self._seen = request.mask
            self._taken = self._chosen_layers()
            self.panel.message.clear()
            self.panel.show_running(True)

    def _request(self) -> tuple[ClassifyRequest, list[Layer]]:
        spec = self.panel.spec
        if spec is None:
            raise BadInput("No model is chosen", do="Install a classifier, and choose it")
        refuse_blind(self.viewer.layers, "A classification")
        chosen = self.panel.sequences.selected()
        study = snapshot_study(chosen)
        reference = chosen[study.reference_sequence]
        kind, layer = self.panel.chosen_region
        mask = None if layer is None else self._mask(kind, layer)
        layers = [one for one in (reference, layer) if one is not None]
        return ClassifyRequest(study, spec, mask, self.panel.device), layers

    def _mask(self, kind: str, layer: Labels) -> Volume:
        mask = mask_of(layer, [one for one in self.viewer.layers if may_be_sequence(one)])
        if kind == "predicted" and mask.prediction is not None:
            return Volume(mask.prediction, mask.info.grid)
        return Volume(mask.labels, mask.info.grid)

    @Slot(object, object)
    def _on_ended(self, request: ClassifyRequest, outcome: Any) -> None:
        self.panel.show_running(False)
        if not isinstance(outcome, Failure):
            try:
                if is_read_blind(self.viewer.layers):
                    self.panel.message.say(NOT_SAID, "note")
                elif isinstance(outcome, Classified):
                    self._show(request, outcome)
                else:
                    self._show_why(request, outcome)
            except Exception as error:  # whatever napari raises: the panel must stay usable
                logging.getLogger(__name__).exception("a classification could not be shown")
                outcome = fault_of_showing(error)
        if isinstance(outcome, Failure):
            kind = "note" if outcome.kind == "cancelled" else "refusal"
            self.panel.message.say(outcome.sentence(), kind)
        self.finished.emit(outcome)

    def _show_why(self, request: ClassifyRequest, end: Explained) -> None:
        name = f"why {end.target}: {request.study.name}"
        if name in self.viewer.layers:  # of a mask that was corrected since
            self.viewer.layers.remove(name)
        home, active = request.study.reference, self.viewer.layers.selection.active
        self.viewer.add_layer(make_layer(cam_layer(end.cam, home, name)))
        self.viewer.layers.selection.active = active  # who was painting goes on painting
        self.panel.card.show_occlusion(end.target, end.occlusions, end.notes)

    def _show(self, request: ClassifyRequest, end: Classified) -> None:
        layers, edited = self._asked
        moved = ""
        if edited and self._last is not None and self._last[0].spec == request.spec:
            before = self._last[1].classification.probabilities
            moved = moved_of(before, end.classification.probabilities)
        record = record_of(end, request.spec)
        keep_classification(layers, record)
        self._last = request, end
        self.export.record = record
        self.panel.card.show_result(request.study.name, end, request.spec, moved)
        mask = layers[-1] if layers and isinstance(layers[-1], Labels) else None
        self.edits.follow(mask if self.panel.chosen_region[0] == "corrected" else None)
        if self.edits.layer is not None:
            self.edits.wait()  # it may have been edited while the job ran

    def _chosen_layers(self) -> list[Layer]:
        chosen = [one for one in self.panel.sequences.selected().values() if one is not None]
        region = self.panel.chosen_region[1]
        return chosen if region is None else [*chosen, region]

    def _forget_another(self) -> None:
        """Take the card away once it is about other layers than those that are chosen."""
        now = [id(one) for one in self._chosen_layers()]
        if self._last is not None and now != [id(one) for one in self._taken]:
            self._last = self._seen = self.export.record = None
            self.edits.follow(None)
            self.panel.card.hide()

    @Slot()
    def _on_settled(self) -> None:
        layer = self.edits.layer
        if layer is None or self._last is None or not self.panel.again.isChecked():
            return
        if self.panel.chosen_region[1] is not layer or self._seen is None:
            return
        if self.runner.request is not None:
            self.edits.wait()
            return
        try:
            now = self._mask("corrected", layer)
        except BadInput as refusal:
            self._refuse(refusal.sentence())
            return
        if not np.array_equal(now.array, self._seen.array):
            self._start(edited=True)

    @Slot(str)
    def _on_why(self, target: str) -> None:
        if self._last is None:
            return
        if self.runner.start(replace(self._last[0], target=target)):
            self.panel.message.clear()
            self.panel.show_running(True)

    def _follow_layers(self, event: Any = None) -> None:
        if not isalive(self):
            return
        if event is not None and event.type == "removed":
            gone = event.value
            self._pinned = {s: v for s, v in self._pinned.items() if v is not gone}
            if gone is self.edits.layer:
                self.edits.follow(None)
            if self.runner.request is not None and any(gone is one for one in self._asked[0]):
                self.runner.abandon()
                self.panel.show_running(False)
                why = f"The work was stopped, because the layer {gone.name!r} was closed."
                self.panel.message.say(why)
        images = [layer for layer in self.viewer.layers if may_be_sequence(layer)]
        self.panel.sequences.show_choices(images, match_sequences(images, self._pinned))
        regions: list[tuple[str, Region]] = [("Whole brain", WHOLE)]
        study = latest_study(images)
        if study != self._study:
            self._study, self._region_by_user = study, False
            self.panel.show_regions(regions, WHOLE)  # what was chosen was another patient's
        alone = len({sequence_of(image)[1] for image in images}) <= 1
        likely = WHOLE
        for layer in self.viewer.layers:
            info = info_in(layer.metadata)
            if not is_tumour_mask(layer):
                continue
            own = "" if info is None else info.study
            if study and own not in {"", study}:
                continue  # another patient's, which may well lie on the same grid
            if info is not None and info.prediction is not None:
                regions.append((f"As predicted: {layer.name}", ("predicted", layer)))
            regions.append((f"Mask: {layer.name}", ("corrected", layer)))
            if alone or own == study:
                likely = regions[-1][1]  # the latest
        chosen = self.panel.chosen_region
        if chosen == WHOLE and not self._region_by_user:
            chosen = likely
        self.panel.show_regions(regions, chosen)
        self._forget_another()

    @Slot(str, object)
    def _on_chosen(self, sequence: str, layer: Layer | None) -> None:
        self._pinned[sequence] = layer
        self._forget_another()

    @Slot()
    def _on_region(self) -> None:
        self._region_by_user = True
        self._forget_another()

    @Slot(object)
    def _on_models(self, choice: Any) -> None:
        self.panel.show_models(choice.specs)
        self.panel.show_devices(choice.devices)
        self._follow_layers()
        self.ready.emit()

    @Slot(str)
    def _refuse(self, sentence: str) -> None:
        self.panel.message.say(sentence, "refusal")
