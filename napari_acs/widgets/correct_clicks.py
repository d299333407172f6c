"""What a click of the panel or on the canvas starts: which correction, of which mask, where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure
from napari_acs.review.correct import (
    flood,
    grow_from,
    revert,
    revert_part,
)
from napari_acs.viewer.brush import BrushSettings
from napari_acs.viewer.correcting import slice_axis, slice_index
from napari_acs.viewer.predicted import numbered_as
from napari_acs.widgets.correct_drawn import CorrectDrawn
from napari_acs.widgets.correct_operations import ALONG, FROM_SLICE, Place, work_of
from napari_acs.widgets.correct_step import CorrectStep

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_acs.widgets.correct_jobs import CorrectJobs
    from napari_acs.widgets.correct_panel import CorrectPanel
    from napari_acs.widgets.correct_range import CorrectRange
    from napari_acs.widgets.correct_target import CorrectTarget

_MOST_ML = 1000.0
"""What a flood may take: several times the largest glioma, and less than a head."""

_NO_EDIT = ("draw_outline",)
"""What works over a mask that is hidden: the image alone may show where to draw."""


class CorrectClicks(QObject):
    """Starts tools. Signal: ``refused(tool, Failure)``, where nothing was started."""

    refused = Signal(str, object)

    def __init__(
        self,
        viewer: Viewer,
        panel: CorrectPanel,
        target: CorrectTarget,
        jobs: CorrectJobs,
        range_: CorrectRange,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._dims, self._panel = viewer.dims, panel
        self._target, self._jobs, self._range = target, jobs, range_
        self._drawn = CorrectDrawn(viewer, panel, jobs, target)
        self.step = CorrectStep(viewer.dims, target)
        panel.tools.asked.connect(self._on_tool)
        panel.outline.asked.connect(lambda name: self._try(name, self._drawn.act, name))
        panel.compare.revert_clicked.connect(self._on_revert)

    def at(self, tool: str, voxel: NDArray[np.float64], axis: int) -> None:
        """Act on a voxel (z, y, x) that was clicked with a tool, in a slice along an axis."""
        acts = {"take_back": self._take_back, "flood": self._flood}
        act = acts.get(tool, partial(self._smart, tool))
        self._try(tool, lambda mask: act(mask, voxel, axis))

    def brush(self) -> BrushSettings:
        """Return what the brush is to do.

        Raises
        ------
        BadInput
            There is no image to take a brightness from, or the mask is hidden.
        """
        brush = self._panel.brush
        mask = self._target.seen_mask()
        band = self._range.band(mask) if brush.by_range else None
        return BrushSettings(brush.ink, brush.radius_mm, brush.flat, band)

    def refuse(self, tool: str, refusal: BadInput) -> None:
        """Say why nothing was started."""
        self.refused.emit(tool, Failure(refusal.sentence(), "", ""))

    def _try(self, tool: str, act: Callable[..., object], *args: Any) -> None:
        try:
            mask = self._target.mask() if tool in _NO_EDIT else self._target.seen_mask()
            act(*args, mask)
        except BadInput as refusal:
            self.refuse(tool, refusal)

    @Slot(str, float)
    def _on_tool(self, tool: str, mm: float) -> None:
        self._try(tool, self._start, tool, mm)

    def _start(self, tool: str, mm: float, mask: Labels) -> None:
        axis = index = 0  # of tools that work on all that there is, in any view
        if tool in ALONG:
            axis = slice_axis(self._dims)
        if tool in FROM_SLICE:
            index = slice_index(mask, self._dims)
        place = Place(self._panel.brush.chosen.region, axis, index, mask.data.shape[axis])
        images = self._known(mask) if tool == "grow" else ()
        self._jobs.run(tool, mask, work_of(tool, mm, place, images))
        if tool in FROM_SLICE:
            self.step.begin(mask, axis, index, 1 if tool == "copy_next" else -1)

    def _known(self, mask: Labels) -> Sequence[NDArray[Any]]:
        """Return the images that tell where the air is; it is not known without."""
        try:
            return self._range.arrays(mask)
        except BadInput:  # one was moved
            return ()

    def _flood(self, mask: Labels, at: NDArray[np.float64], axis: int) -> None:
        brush, band = self._panel.brush, self._range.band(mask)
        ink, within = brush.chosen.ink("paint"), axis if brush.flat else None
        self._jobs.run(
            "flood",
            mask,
            lambda canvas, stop: flood(
                canvas, at, band, ink, most_ml=_MOST_ML, axis=within, cancelled=stop
            ),
        )

    def _smart(self, tool: str, mask: Labels, at: NDArray[np.float64], axis: int) -> None:
        brush = self._panel.brush
        ink = brush.chosen.ink("erase" if tool == "smart_erase" else "paint")
        images = self._range.arrays(mask)
        reach, within = brush.radius_mm, axis if brush.flat else None
        self._jobs.run(
            tool,
            mask,
            lambda canvas, _: grow_from(canvas, at, images, ink, reach_mm=reach, axis=within),
        )

    def _take_back(self, mask: Labels, at: NDArray[np.float64], axis: int) -> None:
        before = self._target.before.of(mask)
        self._jobs.run(
            "take_back",
            mask,
            lambda canvas, _: revert_part(canvas, numbered_as(before, canvas.nesting), at),
        )

    @Slot()
    def _on_revert(self) -> None:
        self._try("revert_all", self._revert)

    def _revert(self, mask: Labels) -> None:
        before = self._target.before.of(mask)
        self._jobs.run(
            "revert_all",
            mask,
            lambda canvas, _: revert(canvas, numbered_as(before, canvas.nesting)),
        )
