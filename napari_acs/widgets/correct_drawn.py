"""Draws an outline over the mask, and cuts, fills or reverts with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.review.correct import Canvas, Change, cut, revert
from napari_acs.viewer.correcting import slice_axis, slice_index
from napari_acs.viewer.outline import box_around, outline_in, outline_layer
from napari_acs.viewer.predicted import numbered_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Labels, Shapes
    from napari.viewer import Viewer

    from napari_acs.widgets.correct_jobs import CorrectJobs
    from napari_acs.widgets.correct_panel import CorrectPanel
    from napari_acs.widgets.correct_target import CorrectTarget


class CorrectDrawn:
    """Does what the buttons of `CorrectOutline` say."""

    def __init__(
        self, viewer: Viewer, panel: CorrectPanel, jobs: CorrectJobs, target: CorrectTarget
    ) -> None:
        self._viewer, self._panel, self._jobs, self._target = viewer, panel, jobs, target
        self._outline: Shapes | None = None

    @property
    def layer(self) -> Shapes | None:
        """The outline's layer, while it is open."""
        there = self._outline is not None and self._outline in self._viewer.layers
        return self._outline if there else None

    def act(self, name: str, mask: Labels) -> None:
        """Do what a button says.

        Raises
        ------
        BadInput
            There is no outline, no slice is shown, or another tool is at work.
        """
        dims = self._viewer.dims
        axis = slice_axis(dims)
        if name == "draw_outline":
            self._draw(mask)
            return
        if self.layer is not None:
            self.layer.mode = "pan_zoom"  # ends a polygon that is still being drawn
            self._viewer.layers.selection.active = mask
        corners = outline_in(self.layer, axis, mask)
        depth = self._panel.outline.depth_at(slice_index(mask, dims))
        if name == "revert_box":
            box = box_around(corners, axis, depth, mask.data.shape)
            before = self._target.before.of(mask)

            def work(canvas: Canvas, _: Callable[[], bool]) -> Change:
                here = replace(canvas, box=box)
                return revert(here, numbered_as(before, canvas.nesting))

        else:
            ink = self._panel.brush.chosen.ink("paint" if name == "fill_outline" else "erase")
            outside = name == "cut_outside"

            def work(canvas: Canvas, _: Callable[[], bool]) -> Change:
                return cut(canvas, axis, corners, ink, depth=depth, outside=outside)

        self._jobs.run(name, mask, work)

    def _draw(self, mask: Labels) -> None:
        if mask.data.ndim != 3:
            raise BadInput(f"The layer {mask.name!r} is no volume", do="Choose a 3D mask")
        layer = self.layer
        if layer is None:
            layer = self._outline = outline_layer(mask)
            self._viewer.add_layer(layer)
        layer.data = []
        self._viewer.layers.selection.active = layer
        layer.mode = "add_polygon"
