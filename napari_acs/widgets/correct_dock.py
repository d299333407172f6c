"""The Correct dock: wires the panel, the mask, the mouse and the worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal, Slot
from qtpy.QtWidgets import QWidget

from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure
from napari_acs.review.correct import (
    Canvas,
    Change,
    Island,
    find_islands,
    flood,
    remove_islands,
    revert,
    revert_part,
)
from napari_acs.viewer.brush import BrushSettings
from napari_acs.viewer.correcting import show_voxel, slice_axis, slice_index
from napari_acs.viewer.predicted import numbered_as
from napari_acs.widgets.correct_differences import CorrectDifferences
from napari_acs.widgets.correct_drawn import CorrectDrawn
from napari_acs.widgets.correct_jobs import CorrectJobs
from napari_acs.widgets.correct_mouse import CorrectMouse
from napari_acs.widgets.correct_operations import Place, work_of
from napari_acs.widgets.correct_panel import CorrectPanel
from napari_acs.widgets.correct_range import CorrectRange
from napari_acs.widgets.correct_target import CorrectTarget
from napari_acs.widgets.measure_export import ask_file
from napari_acs.widgets.measures import Measuring
from napari_acs.widgets.scrolled import fill_with

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer
    from numpy.typing import NDArray


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
        self.viewer = napari_viewer
        self.panel = panel = CorrectPanel()
        self.target = CorrectTarget(napari_viewer, self)
        self.jobs = CorrectJobs(self)
        self.range = CorrectRange(napari_viewer, panel.brush, self)
        self.mouse = CorrectMouse(
            panel.brush, napari_viewer.dims, self._brush, self._say, self._on_click, self
        )
        self.differences = CorrectDifferences(napari_viewer, self.target.before, self)
        self.drawn = CorrectDrawn(napari_viewer, panel, self.jobs, self.target)
        self.measuring = Measuring(napari_viewer, panel.measures, self.target.before, ask, self)
        fill_with(self, panel)
        self._wire()
        self.target.start()

    def _wire(self) -> None:
        panel = self.panel
        self.target.followed.connect(self._on_followed)
        self.target.listed.connect(self._on_listed)
        self.jobs.working.connect(panel.show_working)
        self.jobs.ended.connect(self._on_ended)
        for part in (self.jobs, self.differences, self.measuring):
            part.said.connect(panel.message.say)
        self.differences.only_shown.connect(panel.compare.show_only)
        panel.mask_chosen.connect(self.target.choose)
        panel.undo_clicked.connect(lambda: self._on_layer("undo"))
        panel.redo_clicked.connect(lambda: self._on_layer("redo"))
        panel.stop_clicked.connect(self.jobs.stop)
        panel.tools.asked.connect(self._on_tool)
        panel.outline.asked.connect(self._on_outline)
        panel.islands.find_clicked.connect(self._on_find)
        panel.islands.remove_clicked.connect(self._on_remove)
        panel.islands.chosen.connect(self._on_island)
        panel.compare.only_changed.connect(self._on_only)
        panel.compare.revert_clicked.connect(lambda: self._run("revert_all", self._reverting()))
        panel.compare.compare_clicked.connect(self._on_compare)
        self.viewer.dims.events.order.connect(self._on_view)

    @property
    def said(self) -> str:
        """The sentence that the panel shows, or nothing."""
        return self.panel.message.text()

    def _run(self, tool: str, work: Callable[[Canvas, Callable[[], bool]], Any]) -> None:
        try:
            self.jobs.run(tool, self._mask(), work)
        except BadInput as refusal:
            self._refuse(tool, refusal)

    def _refuse(self, tool: str, refusal: BadInput) -> None:
        self._say(refusal.sentence(), True)
        self.finished.emit(tool, Failure(refusal.sentence(), "", ""))

    def _mask(self) -> Labels:
        if self.target.layer is None:
            raise BadInput(
                "There is no mask to correct", do="Segment a study, or open or make a mask"
            )
        if self.target.layer.ndim != 3:
            raise BadInput(
                f"The layer {self.target.layer.name!r} has {self.target.layer.ndim} dimensions",
                expected="3: a volume",
                do="Choose another mask",
            )
        return self.target.layer

    @Slot(str, float)
    def _on_tool(self, tool: str, mm: float) -> None:
        try:
            layer, dims = self._mask(), self.viewer.dims
            axis = slice_axis(dims)
            index, count = slice_index(layer, dims), layer.data.shape[axis]
            place = Place(self.panel.brush.chosen.region, axis, index, count)
            work = work_of(tool, mm, place)
        except BadInput as refusal:
            self._refuse(tool, refusal)
            return
        self._run(tool, work)

    @Slot(str)
    def _on_outline(self, name: str) -> None:
        try:
            self.drawn.act(name, self._mask())
        except BadInput as refusal:
            self._refuse(name, refusal)

    def _on_click(self, tool: str, at: NDArray[np.float64]) -> None:
        if tool == "take_back":
            self._take_back(at)
            return
        brush = self.panel.brush
        try:
            band = self.range.band()
            axis = slice_axis(self.viewer.dims)
            at[axis] = slice_index(self._mask(), self.viewer.dims)
        except BadInput as refusal:
            self._refuse(tool, refusal)
            return
        ink, within = brush.chosen.ink("paint"), axis if brush.flat else None
        self._run(
            tool,
            lambda canvas, stop: flood(canvas, at, band, ink, axis=within, cancelled=stop),
        )

    def _take_back(self, at: NDArray[np.float64]) -> None:
        before = self.target.before.of(self._mask())
        self._run(
            "take_back",
            lambda canvas, _: revert_part(canvas, numbered_as(before, canvas.nesting), at),
        )

    def _brush(self) -> BrushSettings:
        brush = self.panel.brush
        band = self.range.band() if brush.by_range else None
        verb = "erase" if self.mouse.name == "erase" else "paint"
        return BrushSettings(brush.chosen.ink(verb), brush.radius_mm, brush.flat, band)

    @Slot(float)
    def _on_find(self, ml: float) -> None:
        region = self.panel.brush.chosen.region
        self._run("find_islands", lambda canvas, _: find_islands(canvas, region, under_ml=ml))

    @Slot(float)
    def _on_remove(self, ml: float) -> None:
        region = self.panel.brush.chosen.region
        self._run("remove_islands", lambda canvas, _: remove_islands(canvas, region, ml))

    @Slot(object)
    def _on_island(self, island: Island) -> None:
        show_voxel(self._mask(), self.viewer.dims, island.centroid)

    def _reverting(self) -> Callable[[Canvas, Callable[[], bool]], Change]:
        layer = self.target.layer
        before = None if layer is None else self.target.before.of(layer)

        def work(canvas: Canvas, _: Callable[[], bool]) -> Change:
            assert before is not None  # without a mask nothing is run
            return revert(canvas, numbered_as(before, canvas.nesting))

        return work

    @Slot(bool)
    def _on_only(self, on: bool) -> None:
        self.differences.show_only(self.target.layer if on else None)

    @Slot()
    def _on_compare(self) -> None:
        other = self.panel.compare.other
        try:
            if other is None:
                raise BadInput("There is no other mask", do="Open the mask to compare with")
            self.differences.compare(self._mask(), other)
        except BadInput as refusal:
            self._refuse("compare", refusal)

    @Slot(str, object)
    def _on_ended(self, tool: str, value: Any) -> None:
        region = self.panel.brush.chosen.region
        if tool == "find_islands" and isinstance(value, tuple):
            self.panel.islands.show_islands(region, value)
            self.panel.message.clear()
        elif isinstance(value, Change):
            self.panel.islands.forget()
            if tool in ("copy_next", "copy_previous"):
                self._step(1 if tool == "copy_next" else -1)
        self.finished.emit(tool, value)

    def _step(self, by: int) -> None:
        layer, dims = self._mask(), self.viewer.dims
        axis = slice_axis(dims)
        point = layer.world_to_data(dims.point)[-3:]
        point[axis] += by
        show_voxel(layer, dims, point)

    def _on_layer(self, act: str) -> None:
        if self.target.layer is not None:
            getattr(self.target.layer, act)()

    @Slot(object)
    def _on_followed(self, layer: Labels | None) -> None:
        if self.jobs.layer is not None and self.jobs.layer not in self.viewer.layers:
            self.jobs.drop()
            self._say("The tool was stopped, because its mask was closed.", False)
        self.differences.show_only(None)
        self.mouse.follow(layer)
        self.panel.islands.forget()
        self.measuring.follow(layer)
        made = layer is not None and self.target.before.made_by_a_model(layer)
        self.panel.compare.show_against(
            "The prediction is what the model made."
            if made
            else "The prediction is the mask as it was when this panel first saw it."
        )
        self._on_listed()
        self._on_view()

    @Slot()
    def _on_listed(self) -> None:
        mask, masks = self.target.layer, self.target.masks
        self.panel.show_masks(masks, mask)
        self.panel.compare.show_others([each for each in masks if each is not mask])
        self.range.offer(mask)
        self.measuring.look_for_midline()

    def _on_view(self, event: Any = None) -> None:
        try:
            count = self._mask().data.shape[slice_axis(self.viewer.dims)]
        except BadInput:
            return
        self.panel.outline.show_slices(count)

    def _say(self, sentence: str, refused: bool) -> None:
        self.panel.message.say(sentence, "refusal" if refused else "done")
