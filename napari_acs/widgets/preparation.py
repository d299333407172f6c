"""From chosen layers to a study that can be segmented: check it, align it, find its brain."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Labels, Layer
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal, Slot

from napari_acs.errors import BadInput
from napari_acs.imaging import TITLES
from napari_acs.imaging.check.line import CheckLine
from napari_acs.viewer.info import KEY, info_in
from napari_acs.viewer.make_layer import make_layer
from napari_acs.viewer.masks import Mask, mask_of
from napari_acs.viewer.prepared import aligned_layers, brain_layer
from napari_acs.viewer.snapshot import StudySnapshot, snapshot_layers, snapshot_study
from napari_acs.widgets.checking import Check, Checker
from napari_acs.widgets.outcomes import fault_of_showing
from napari_acs.widgets.preparation_form import AS_IT_IS
from napari_acs.widgets.preparing import (
    AlignedStudy,
    AlignRequest,
    FoundBrain,
    PrepareJob,
    StripRequest,
)
from napari_acs.widgets.request import SegmentRequest
from napari_acs.widgets.results import add_outline

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_acs.imaging.check import Needs
    from napari_acs.imaging.check.subject import Brain
    from napari_acs.viewer.layers import LayerTuple
    from napari_acs.widgets.job import JobRunner
    from napari_acs.widgets.segment_panel import SegmentPanel

_VERDICTS = {"good": "is good", "look": "needs a look", "failed": "failed"}


class Preparation(QObject):
    """Wires the check list and the preparation form to the layers.

    Signals: ``started()`` when a job of its own runs; ``moved(dict)``, every sequence to the layer
    that now holds it; ``said(str, kind)``, a sentence for the panel.
    """

    started = Signal()
    moved = Signal(object)
    said = Signal(str, str)

    def __init__(
        self,
        viewer: Viewer,
        panel: SegmentPanel,
        runner: JobRunner,
        check: Check,
        job: PrepareJob,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._panel = panel
        self._runner = runner
        self._job = job
        self._waiting: list[tuple[str, Callable[[], LayerTuple]]] = []
        self._added: dict[str, Layer] = {}
        self._chosen: dict[str, Layer | None] = {}
        self.checker = Checker(check, self)
        self.checker.started.connect(self._on_check_started)
        self.checker.checked.connect(self._on_checked)
        panel.checks.acted.connect(self._on_action)

    def check(self, chosen: Mapping[str, Layer | None], needs: Needs | None) -> None:
        """Check the chosen layers anew; a choice that cannot be read is said in the list."""
        try:
            self.checker.ask(snapshot_layers(chosen), needs, self._brain_kind())
        except BadInput as refusal:
            self.checker.ask(None)
            if any(layer is not None for layer in chosen.values()):
                self._panel.checks.show_lines((), refusal.sentence())

    @property
    def adding(self) -> bool:
        """Whether layers that Align made are still being added."""
        return bool(self._waiting)

    @property
    def reds(self) -> tuple[CheckLine, ...]:
        """What the last check says must not be segmented."""
        return tuple(line for line in self.checker.lines or () if line.status == "red")

    def request(self, study: StudySnapshot, bundle: str) -> SegmentRequest:
        """Return what is asked for: this study, prepared as the form says.

        Raises
        ------
        BadInput
            The layer that is to be the brain mask lies on no known image.
        """
        form, brain = self._panel.preparation, self._brain_kind()
        mask: Mask | None = None
        if brain == "mask":
            images = [layer for layer in self._viewer.layers if isinstance(layer, Image)]
            mask = mask_of(form.brain, images)
        return SegmentRequest(
            study,
            bundle,
            self._panel.device,
            mask if mask is not None else "none" if brain == "none" else "auto",
            form.bias_correction,
            form.show_prepared,
            self._panel.flips,
        )

    def _brain_kind(self) -> Brain:
        chosen = self._panel.preparation.brain
        if isinstance(chosen, Labels):
            return "mask"
        return "none" if chosen == AS_IT_IS else "auto"

    def show_masks(self, chosen: Layer | None = None) -> None:
        """Offer the open Labels layers as brain masks."""
        masks = [layer for layer in self._viewer.layers if isinstance(layer, Labels)]
        self._panel.preparation.show_masks(masks, chosen)

    def finish(self, request: AlignRequest | StripRequest, made: AlignedStudy | FoundBrain) -> None:
        """Show what a job of this object made, unless other layers are chosen by now."""
        if self._is_stale():
            self.said.emit(
                "Other layers were chosen while this ran: its result was dropped. Choose those "
                "layers again, and click once more.",
                "note",
            )
            return
        if isinstance(made, AlignedStudy):
            layers = aligned_layers(request.study, made.aligned.volumes, made.aligned.reference)
            self._remember(made, layers)
            self._waiting = list(layers.items())
            self._added = {}
            self.said.emit(
                _about_alignment(made), "done" if made.aligned.verdict == "good" else "note"
            )
            self._add_next()
            return
        shown = brain_layer(made.brain.mask, request.study.reference, request.study.name)
        layer = add_outline(self._viewer, shown)
        step = made.brain.step
        if step.verdict == "failed":
            self.said.emit(
                f"The brain could not be told from the skull: {step.why.rstrip('. ')}. What was "
                f"found is the layer {layer.name!r}: correct it with the brush and choose it under "
                "'Brain', or open a brain mask of your own.",
                "refusal",
            )
            return
        self.show_masks(layer)
        words = f"Found the brain ({step.method})."
        if step.verdict != "good":
            words += f" Look at it: {step.why.rstrip('. ')}."
        self.said.emit(
            f"{words} Its outline is the layer {layer.name!r}: correct it with the brush if need "
            "be; Segment uses it as it is then.",
            "done" if step.verdict == "good" else "note",
        )

    def forget_layer(self, layer: Layer) -> None:
        """Let go of a layer that was closed: what is held here would stay in memory."""
        for held in (self._chosen, self._added):
            for sequence in [key for key, value in held.items() if value is layer]:
                del held[sequence]

    def _add_next(self) -> None:
        # napari takes 0.2 s for each layer; between two of them the window may breathe
        if not isalive(self):
            return
        if self._waiting:
            sequence, make = self._waiting[0]
            try:
                self._added[sequence] = self._viewer.add_layer(make_layer(make()))
            except Exception as error:  # whatever napari raises: the panel must stay usable
                self._waiting.clear()
                logging.getLogger(__name__).exception("an aligned layer could not be shown")
                self.said.emit(fault_of_showing(error).sentence(), "refusal")
                return
            self._waiting.pop(0)
            QTimer.singleShot(0, self._add_next)
            return
        self._hide_moved()
        self.moved.emit({**self._chosen, **self._added})

    def _is_stale(self) -> bool:
        now = self._panel.sequences.selected()
        return any(
            layer is not None and now.get(sequence) is not layer
            for sequence, layer in self._chosen.items()
        )

    def _remember(self, made: AlignedStudy, moved: Mapping[str, object]) -> None:
        """Write down in each layer that fits as it is that it was compared."""
        for sequence, layer in self._chosen.items():
            info = info_in(layer.metadata) if layer is not None else None
            if layer is not None and info is not None and sequence not in moved:
                history = made.aligned.volumes[sequence].history
                layer.metadata[KEY] = replace(info, history=history)

    def _hide_moved(self) -> None:
        """Hide what the new layers were made from, so that nobody takes one for the other."""
        for sequence in self._added:
            if (old := self._chosen.get(sequence)) is not None:
                old.visible = False

    @Slot(str)
    def _on_action(self, action: str) -> None:
        if self._runner.request is not None or self.adding:
            return
        chosen = self._panel.sequences.selected()
        try:
            if action == "align":
                request: Any = AlignRequest(snapshot_layers(chosen), self._reference(chosen))
            elif action == "strip":
                request = StripRequest(snapshot_study(chosen), self._panel.device)
            else:
                return
        except BadInput as refusal:
            self.said.emit(refusal.sentence(), "refusal")
            return
        self._chosen = chosen
        if self._runner.start(request, self._job):
            self.said.emit("", "note")
            self.started.emit()

    def _reference(self, chosen: Mapping[str, Layer | None]) -> str | None:
        wanted = self._panel.preparation.reference
        if wanted is not None and chosen.get(wanted) is None:
            raise BadInput(
                f"{TITLES[wanted]} is to give the grid, and no layer is chosen for it",
                do="Choose another sequence under 'Grid of', or 'automatic'",
            )
        return wanted

    @Slot()
    def _on_check_started(self) -> None:
        self._panel.checks.show_lines((), "Checking the study ...")

    @Slot(object)
    def _on_checked(self, lines: tuple[CheckLine, ...]) -> None:
        self._panel.checks.show_lines(lines)


def _about_alignment(made: AlignedStudy) -> str:
    words = []
    for sequence, found in made.aligned.alignments.items():
        moved = f"moved {found.moved_mm:.1f} mm, turned {found.turned_deg:.1f}°"
        why = "" if found.verdict == "good" else f": {found.why.rstrip('. ')}"
        words.append(f"{TITLES[sequence]} {_VERDICTS[found.verdict]} ({moved}){why}")
    return f"Aligned to {TITLES[made.aligned.reference]}. {'; '.join(words)}."


def unready(study: StudySnapshot, reds: tuple[CheckLine, ...]) -> str:
    """Return why a study is not segmented: its red lines."""
    said = " ".join(
        f"{line.title}: {line.found.rstrip('. ')}. {line.do.rstrip('. ')}." for line in reds
    )
    return f"{study.name!r} is not segmented as it is. {said}"
