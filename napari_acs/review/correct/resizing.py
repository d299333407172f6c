"""Grow and shrink a region by a length in mm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.cancel import never, stop_if
from napari_acs.review.boxes import common, grown, margin
from napari_acs.review.correct.air import air_in
from napari_acs.review.correct.canvas import Canvas, positive_mm
from napari_acs.review.correct.clusters import near_mask
from napari_acs.review.correct.distance import squared_distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.correct.change import Change

_ROUNDING = 1e-5
"""Distances are float32: this part of the length more is within it."""


def grow(
    canvas: Canvas,
    region: str,
    mm: float,
    *,
    brain: NDArray[np.bool_] | None = None,
    images: Sequence[NDArray[Any]] = (),
    within_outer: bool = False,
    cancelled: Callable[[], bool] = never,
) -> Change:
    """Add to a region all voxels whose centre is within a distance of one of its own.

    As painting does: the regions further out grow where they must, those further in stay.

    Parameters
    ----------
    canvas : Canvas
    region : str
    mm : float
        True mm, also where voxels are no cubes.
    brain : ndarray of bool, shape (z, y, x), optional
        Grow within it only.
    images : sequence of ndarray, shape (z, y, x)
        Do not grow to where none of them shows anything: see `air_in`.
    within_outer : bool
        Stay in the next outer region (TC in WT), so that it does not change.
    cancelled : callable

    Raises
    ------
    BadInput
        There is no such region, the length is none, or the brain mask or an image is of another
        shape.
    Cancelled
    """
    length = positive_mm(mm, "What the region is to grow by")
    level = canvas.nesting.level(region)
    said = f"{region} grown by {mm:g} mm"
    if brain is not None:
        canvas.on_same_grid(brain, "The brain mask")
        said += " within the brain"
    for image in images:
        canvas.on_same_grid(image, "The image")
    by = margin(length, canvas.spacing)
    around = canvas.extent(level)
    window = around and common(
        grown(around, by, canvas.shape), grown(canvas.within, by, canvas.shape)
    )
    if window is None:
        return canvas.nothing(said)
    depth = canvas.depth(window)

    def near(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return _within(length, part, canvas.spacing, cancelled)

    added = near_mask(depth >= level, by, near)
    if brain is not None:
        added &= brain[window] != 0
    air = air_in(window, images) & added & (depth < level)
    if air.any():
        added &= ~air
        said += ", but not into the air"
    stop_if(cancelled)
    if within_outer and level > 1:
        added &= depth >= level - 1
        said += f" within {canvas.nesting.regions[level - 2]}"
    np.maximum(depth, level, out=depth, where=added)
    return canvas.change(window, depth, said)


def shrink(
    canvas: Canvas, region: str, mm: float, *, cancelled: Callable[[], bool] = never
) -> Change:
    """Take from a region all voxels whose centre is within a distance of one that is not its own.

    As erasing does: what is taken becomes the next outer region, and what lies inside of it goes
    too. At the edge of the image nothing is taken: what follows there is not known.

    Parameters
    ----------
    canvas : Canvas
    region : str
    mm : float
        True mm, also where voxels are no cubes.
    cancelled : callable

    Raises
    ------
    BadInput
        There is no such region, or the length is none.
    Cancelled
    """
    length = positive_mm(mm, "What the region is to shrink by")
    level = canvas.nesting.level(region)
    said = f"{region} shrunk by {mm:g} mm"
    around = canvas.extent(level)
    # One voxel around the region: of all voxels outside, the nearest is among them.
    window = around and common(
        grown(around, (1, 1, 1), canvas.shape),
        grown(canvas.within, margin(length, canvas.spacing), canvas.shape),
    )
    if window is None:
        return canvas.nothing(said)
    depth = canvas.depth(window)

    def near(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return _within(length, ~part, canvas.spacing, cancelled)

    lost = near_mask(depth >= level, (1, 1, 1), near)
    stop_if(cancelled)
    np.minimum(depth, level - 1, out=depth, where=lost)
    return canvas.change(window, depth, said)


def _within(
    length: float,
    mask: NDArray[np.bool_],
    spacing: Sequence[float],
    cancelled: Callable[[], bool],
) -> NDArray[np.bool_]:
    """Return what is in a mask or within a length of it."""
    stop_if(cancelled)
    near: NDArray[np.bool_] = squared_distance(mask, spacing) <= length**2 * (1 + _ROUNDING)
    return near
