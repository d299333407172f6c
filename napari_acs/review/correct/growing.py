"""A click that grows as far as the images bear it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.boxes import checked_axis, inside
from napari_acs.review.correct.brush import checked_points, near_segment, reach
from napari_acs.review.correct.canvas import Canvas, positive_mm
from napari_acs.review.correct.evidence import features, log_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from napari_acs.review.correct.change import Change
    from napari_acs.review.correct.ink import Ink

_AROUND_MM = 6.0
_CLICK_MM = 1.5
_AGAINST = 10.0
"""How many times longer a mm takes for every unit of the log ratio against it."""
_SLOWEST = 1e4


def grow_from(
    canvas: Canvas,
    seed: ArrayLike,
    images: Sequence[NDArray[Any]],
    ink: Ink,
    *,
    reach_mm: float,
    axis: int | None = None,
) -> Change:
    """Paint from a click on, as far as voxels look more like the click's side than the other.

    The ink has two sides: voxels that are as it leaves them, and the others. What both look like
    is learned from the mask and all images, up to 6 mm beyond the reach; the click's side is taken
    to look mostly like the click. A front starts at the click (fast marching; Sethian, PNAS 1996):
    it goes 1 mm in a unit of time where the images agree, ever more slowly where they do not, and
    stops at a time of `reach_mm`. So it never leaves the ball of that radius, and without evidence
    it nearly fills it (a first-order march is up to a fifth late off the axes).

    Parameters
    ----------
    canvas : Canvas
    seed : array, shape (3,)
        Continuous voxel index (z, y, x), in the image. Its voxel always becomes what the ink says.
    images : sequence of ndarray, shape (z, y, x)
        On the grid of the mask, the more sequences the better. What is 0 or NaN in all of them is
        beyond the brain: nothing is painted there but the seed.
    ink : Ink
    reach_mm : float
    axis : int, optional
        Stay in the seed's slice along this axis.

    Raises
    ------
    BadInput
        A seed outside the image, a reach that is none, no image, or one on another grid.
    """
    radius = positive_mm(reach_mm, "The click's reach")
    if not len(images):
        raise BadInput("A smart click needs an image", do="Open the study that the mask belongs to")
    for image in images:
        canvas.on_same_grid(image, "The image")
    point = checked_points(seed)
    if axis is not None:
        point[:, checked_axis(axis)] = np.floor(point[:, axis] + 0.5)
    index = np.floor(point[0] + 0.5).astype(int).tolist()
    window = reach(canvas, point, radius, axis)
    learned = reach(canvas, point, radius + _AROUND_MM, None)
    on = all(0 <= i < n for i, n in zip(index, canvas.shape, strict=True))
    if len(point) != 1 or window is None or learned is None or not on:
        raise BadInput(
            "A smart click has to lie in the image",
            found=f"a click at voxel {tuple(index)} (z, y, x)",
            do="Click within it",
        )
    said = ink.said(f"from a click on, up to {radius:g} mm away")
    depth = canvas.depth(learned)
    settled = (ink.table(canvas.nesting) == np.arange(len(canvas.nesting.values) + 1))[depth]
    values = features(images, learned, canvas.spacing)
    brain = np.any([np.nan_to_num(image[learned]) != 0 for image in images], axis=0)
    near = near_segment(learned, point[0], point[0], radius + _AROUND_MM, canvas.spacing) & brain
    click = near_segment(learned, point[0], point[0], _CLICK_MM, canvas.spacing)
    click[tuple(i - s.start for i, s in zip(index, learned, strict=True))] = True
    for_it = log_ratio(values, near & settled, near & ~settled, click)
    at = inside(window, learned)
    slow = 1 + _AGAINST * np.maximum(0, -for_it[at])
    slow[~brain[at]] = _SLOWEST
    place = [i - s.start for i, s in zip(index, window, strict=True)]
    grown = _marched(slow, place, radius, canvas.spacing)
    return canvas.change(window, ink.on(depth[at], grown, canvas.nesting), said)


def _marched(
    slow: NDArray[np.floating[Any]], place: list[int], until: float, spacing: Sequence[float]
) -> NDArray[np.bool_]:
    """Return which voxels a front from a place has reached, at so much time for every mm."""
    import SimpleITK as sitk  # brushes need none of it

    speed = sitk.GetImageFromArray(1 / np.minimum(slow, _SLOWEST).astype(np.float64))
    speed.SetSpacing([float(side) for side in spacing[::-1]])
    march = sitk.FastMarchingImageFilter()
    march.SetTrialPoints([place[::-1]])
    march.SetStoppingValue(until)
    time: NDArray[np.floating[Any]] = sitk.GetArrayFromImage(march.Execute(speed))
    return time <= until
