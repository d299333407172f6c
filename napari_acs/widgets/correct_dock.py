"""The Correct dock: wires the panel, the mask, the mouse and the worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer, Signal, Slot
from qtpy.QtWidgets import QWidget

from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure
from napari_acs.review.correct import Change, Island
from napari_acs.viewer.correcting import show_voxel, slice_axis
from napari_acs.viewer.study_over import study_over
from napari_acs.viewer.unwrapped import unwrapped
from napari_acs.widgets.collection import Passing
from napari_acs.widgets.correct_clicks import CorrectClicks
from napari_acs.widgets.correct_differences import CorrectDifferences
from napari_acs.widgets.correct_jobs import CorrectJobs
from napari_acs.widgets.correct_mouse import CorrectMouse
from napari_acs.widgets.correct_panel import CorrectPanel
from napari_acs.widgets.correct_parts import CorrectParts
from napari_acs.widgets.correct_range import CorrectRange
from napari_acs.widgets.correct_target import CorrectTarget
from napari_acs.widgets.correct_undo import CorrectUndo
from napari_acs.widgets.measure_export import ask_file
from napari_acs.widgets.measures import Measuring
from napari_acs.widgets.one_study import OneStudy
from napari_acs.widgets.scrolled import fill_with
from napari_acs.widgets.shared_letters import letters_beside

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer


class CorrectDock(QWidget):
    """What ``Plugins > Correct (napari-acs)`` opens.

    Signal: ``finished(tool, value)``, once a tool's change is in the layer: the `Change` (or what
    else the tool returns), or the `Failure` that is said.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
    ask : callable
        Asks for a file to export to; another in tests.
    """

    finished = Signal(str, object)

    def __init__(
        self,
        napari_viewer: Viewer,
        ask: Callable[[QWidget, str], Path | None] = ask_file,
    ) -> None:
        super().__init__()
        self.viewer = napari_viewer = unwrapped(napari_viewer)
        self._over = ""
        self.panel = panel = CorrectPanel()
        self.target = target = CorrectTarget(napari_viewer, self)
        self.jobs = CorrectJobs(self)
        self.range = CorrectRange(napari_viewer, panel.brush, self)
        self.clicks = clicks = CorrectClicks(
            napari_viewer, panel, target, self.jobs, self.range, self
        )
        self.parts = CorrectParts(panel, target, self.jobs, self)
        self.mouse = CorrectMouse(panel.brush, clicks.brush, self._say, clicks.at, self)
        self.undo = CorrectUndo(panel, target, self.mouse, clicks.refuse, self)
        self.differences = CorrectDifferences(napari_viewer, target.before, self)
        self.measuring = Measuring(napari_viewer, panel.measures, target.before, ask, self)
        fill_with(self, panel)
        letters_beside(self, napari_viewer)
        self.one_study = OneStudy(napari_viewer, self)
        self.one_study.hid.connect(self._on_hid)
        target.followed.connect(self._on_followed)
        target.listed.connect(self._on_listed)
        target.replaced.connect(self._on_replaced)
        target.rebased.connect(self._say_against)
        target.rebased.connect(self.differences.look)
        target.rebased.connect(self.measuring.rebase)
        for each in (clicks, self.parts):
            each.refused.connect(self._on_refused)
        self.jobs.working.connect(panel.show_working)
        self.jobs.ended.connect(self._on_ended)
        for part in (self.jobs, self.differences, self.measuring):
            part.said.connect(panel.message.say)
        self.differences.only_shown.connect(panel.compare.show_only)
        self.differences.only_shown.connect(target.stand_in)
        panel.mask_chosen.connect(target.choose)
        panel.stop_clicked.connect(self.jobs.stop)
        panel.islands.chosen.connect(self._on_island)
        panel.compare.only_changed.connect(self._on_only)
        panel.compare.compare_clicked.connect(self._on_compare)
        self.viewer.dims.events.order.connect(self._on_view)
        self.viewer.dims.events.ndisplay.connect(self._on_ndisplay)
        self.viewer.layers.selection.events.active.connect(self._on_selected)
        self._on_ndisplay()
        target.start()
        self._passing = passing = Passing()
        passing.begin(napari_viewer)
        self.destroyed.connect(passing.end)

    @property
    def said(self) -> str:
        """The sentence that the panel shows, or nothing."""
        return self.panel.message.text()

    @Slot(str, object)
    def _on_ended(self, tool: str, value: Any) -> None:
        if isinstance(value, Change) and tool in ("copy_next", "copy_previous"):
            self.clicks.step.go()
        self.finished.emit(tool, value)

    @Slot(str, object)
    def _on_refused(self, tool: str, failure: Failure) -> None:
        self._say(failure.sentence(), True)
        self.finished.emit(tool, failure)

    @Slot(object)
    def _on_island(self, island: Island) -> None:
        show_voxel(self.target.mask(), self.viewer.dims, island.centroid)

    @Slot(bool)
    def _on_only(self, on: bool) -> None:
        try:
            self.differences.show_only(self.target.mask() if on else None)
        except BadInput as refusal:
            self.panel.compare.show_only(False)
            self.clicks.refuse("only_changed", refusal)

    @Slot()
    def _on_compare(self) -> None:
        other = self.panel.compare.other
        try:
            if other is None:
                raise BadInput("There is no other mask", do="Open the mask to compare with")
            self.differences.compare(self.target.mask(), other)
        except BadInput as refusal:
            self.clicks.refuse("compare", refusal)

    @Slot(object)
    def _on_followed(self, layer: Labels | None) -> None:
        if self.jobs.layer is not None and self.jobs.layer not in self.viewer.layers:
            self.jobs.drop()
            self._say("The tool was stopped, because its mask was closed.", False)
        self.differences.show_only(None)
        self.mouse.follow(layer)
        self.measuring.follow(layer)
        self._say_against()
        self._on_view()

    @Slot()
    def _on_replaced(self) -> None:
        said = "The mask's voxels were replaced by others: steps before that cannot be undone."
        self.panel.message.say(said)
        self._on_listed()  # other images may lie on it now
        self._on_view()

    @Slot()
    def _say_against(self) -> None:
        self.panel.compare.show_against(self.target.before.said(self.target.layer))

    @Slot()
    def _on_listed(self) -> None:
        mask, masks = self.target.layer, self.target.masks
        self.panel.show_masks(masks, mask)
        self.panel.compare.show_others([each for each in masks if each is not mask])
        self.range.offer(mask)
        self.measuring.look_for_midline()
        self._look_above(mask)

    def _look_above(self, mask: Labels | None) -> None:
        """Say when images of another study lie over the mask, and take that back."""
        before, self._over = self._over, ""
        if mask is not None and (over := study_over(mask, self.viewer.layers)):
            self._over = (
                f"Images of {over!r} lie over {mask.name!r}, which is of another study: what you "
                "see is not what you correct. Hide them, or choose their mask."
            )
        if self._over and self._over != before:
            self.panel.message.say(self._over, "note")
        elif before and not self._over and before == self.said:
            self.panel.message.clear()

    @Slot(str)
    def _on_hid(self, sentence: str) -> None:
        if not self._over:  # which says more
            self.panel.message.say(sentence)

    def _on_selected(self, event: Any = None) -> None:
        # Looked at in the next turn: who adds a layer often selects the one before again.
        QTimer.singleShot(0, self._end_stroke)

    @Slot()
    def _end_stroke(self) -> None:
        """End a stroke whose layer is not selected any more: napari tells the new one the rest."""
        active = self.viewer.layers.selection.active  # or napari's proxy of it
        if self.target.layer != active:
            self.mouse.brush.end()

    def _on_ndisplay(self, event: Any = None) -> None:
        self.mouse.rest(self.viewer.dims.ndisplay != 2)

    def _on_view(self, event: Any = None) -> None:
        try:
            count = self.target.mask().data.shape[slice_axis(self.viewer.dims)]
        except BadInput:
            return
        self.panel.outline.show_slices(count)

    def _say(self, sentence: str, refused: bool) -> None:
        self.panel.message.say(sentence, "refusal" if refused else "done")
