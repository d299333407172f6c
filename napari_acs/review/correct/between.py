"""Fill the empty slices between drawn ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.review.correct.distance import signed_distance
from napari_acs.review.correct.window import Box, bounding_box, slice_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.correct.canvas import Canvas
    from napari_acs.review.correct.change import Change

_ROUNDING = 1e-4
"""Distances in mm are float32; halfway between the same distance in and out is outside."""


def fill_between(canvas: Canvas, axis: int, *, cancelled: Callable[[], bool] = never) -> Change:
    """Interpolate the outlines of all regions between the slices that have labels.

    Shape-based interpolation (Raya & Udupa, IEEE TMI 9(1), 1990; Herman, Zheng & Bucholtz, IEEE
    CG&A 12(3), 1992): the signed distances in mm to the outlines in both neighbours are weighted
    by the distance to them, and what is above 0 is inside. Only slices without any label change.
    A region that is in one neighbour only gets smaller on the way, and ends at the other one.
    Outlines that do not overlap may leave slices in between empty; the sentence says how many.

    Parameters
    ----------
    canvas : Canvas
        Only slices that have labels in its box count as drawn.
    axis : int
        Along which the slices lie: 0 is z.
    cancelled : callable

    Raises
    ------
    BadInput
        There is no such axis, or fewer than two slices are drawn.
    Cancelled
    """
    if axis not in (0, 1, 2):
        raise BadInput(f"There is no axis {axis}", expected="0, 1 or 2 (z, y, x)")
    part = canvas.labels[canvas.within]
    others = tuple({0, 1, 2} - {axis})
    first = canvas.within[axis].start
    drawn = (np.flatnonzero(part.max(axis=others)) + first).tolist()
    if len(drawn) < 2:
        raise BadInput(
            "There is nothing to interpolate between",
            found=f"{len(drawn)} drawn slice(s) along axis {axis}",
            expected="at least two",
            do="Draw the tumour in another slice, some slices away",
        )
    window = _window(canvas, axis, drawn[0], drawn[-1])
    depth = np.moveaxis(canvas.depth(window), axis, 0)
    spacing = [canvas.spacing[other] for other in sorted(others)]
    made, levels = depth.copy(), len(canvas.nesting.values)
    empty = filled = 0
    for low, high in pairwise(index - drawn[0] for index in drawn):
        if high - low < 2:
            continue
        stop_if(cancelled)
        filled += high - low - 1
        made[low + 1 : high] = _interpolated(depth[low], depth[high], high - low, levels, spacing)
        empty += sum(not each.any() for each in made[low + 1 : high])
    said = f"{filled - empty} slices along axis {axis} filled between drawn ones"
    if empty:
        said += f" ({empty} stay empty: the outlines do not overlap)"
    return canvas.change(window, np.moveaxis(made, 0, axis), said)


def _window(canvas: Canvas, axis: int, first: int, last: int) -> Box:
    """Return the box around what is drawn, in the canvas's box, one voxel larger if it can be."""
    whole = slice_box(canvas.shape, axis, 0)
    z, y, x = (slice(first, last + 1) if i == axis else canvas.within[i] for i in range(len(whole)))
    found = bounding_box(canvas.labels[z, y, x])
    if found is None:
        return z, y, x
    bounds = []
    for i, (s, outer, n) in enumerate(zip(found, (z, y, x), canvas.shape, strict=True)):
        low, high = s.start + outer.start, s.stop + outer.start
        bounds.append(slice(low, high) if i == axis else slice(max(0, low - 1), min(n, high + 1)))
    return bounds[0], bounds[1], bounds[2]


def _interpolated(
    a: NDArray[np.uint8],
    b: NDArray[np.uint8],
    steps: int,
    levels: int,
    spacing: Sequence[float],
) -> NDArray[np.uint8]:
    """Return the depths of the slices between two, shape (steps - 1, ...)."""
    made = np.zeros((steps - 1, *a.shape), np.uint8)
    for level in range(1, levels + 1):
        ends = _ends(a >= level, b >= level, spacing)
        if ends is None:
            break
        for step in range(1, steps):
            inside = ends[0] * (steps - step) + ends[1] * step > _ROUNDING * steps
            # Distances are nested where regions are; where one ends on the way, this sees to it.
            made[step - 1][inside & (made[step - 1] == level - 1)] = level
    return made


def _ends(
    a: NDArray[np.bool_], b: NDArray[np.bool_], spacing: Sequence[float]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return the signed distances of a region in both slices, None if it is in neither."""
    if not (a.any() or b.any()):
        return None
    limit = float(np.hypot(*(n * s for n, s in zip(a.shape, spacing, strict=True))))
    near, far = (signed_distance(each, spacing, limit) for each in (a, b))
    # A region that is missing there: its outline moves in steadily, to the deepest point.
    if not a.any():
        near = far - far.max()
    if not b.any():
        far = near - near.max()
    return near, far
