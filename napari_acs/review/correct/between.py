"""Fill the empty slices between drawn ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.review.boxes import Box, bounding_box, checked_axis, slice_box
from napari_acs.review.correct.distance import signed_distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.correct.canvas import Canvas
    from napari_acs.review.correct.change import Change

Outline: TypeAlias = "NDArray[np.float32] | None"

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
    part = canvas.labels[canvas.within]
    others = tuple({0, 1, 2} - {checked_axis(axis)})
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
    levels = len(canvas.nesting.values)
    made = depth.copy()
    empty = filled = 0
    known: dict[int, list[Outline]] = {}
    for behind, ahead in pairwise(each - drawn[0] for each in drawn):
        stop_if(cancelled)
        between = made[behind + 1 : ahead]
        if not len(between):
            continue
        known = {
            index: known.get(index) or _outlines(depth[index], levels, spacing)
            for index in (behind, ahead)
        }
        _interpolate(between, known[behind], known[ahead])
        filled += len(between)
        empty += sum(not each.any() for each in between)
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


def _outlines(depth: NDArray[np.uint8], levels: int, spacing: Sequence[float]) -> list[Outline]:
    """Return what `_outline` does, of every region of a drawn slice, outermost first."""
    return [_outline(depth >= level, spacing) for level in range(1, levels + 1)]


def _outline(mask: NDArray[np.bool_], spacing: Sequence[float]) -> Outline:
    """Return signed distances in mm to a region's outline in a slice; None if it is not there."""
    if not mask.any():
        return None
    # Where a region fills the slice, its outline is out of sight.
    limit = math.hypot(*(n * s for n, s in zip(mask.shape, spacing, strict=True)))
    return signed_distance(mask, spacing, limit)


def _interpolate(
    between: NDArray[np.uint8], behind: Sequence[Outline], ahead: Sequence[Outline]
) -> None:
    """Write the depths of the slices between two, shape (n, ...), which are all 0."""
    steps = len(between) + 1
    for level, (a, b) in enumerate(zip(behind, ahead, strict=True), start=1):
        # A region that is missing there: its outline moves in steadily, to the deepest point.
        if a is None:
            if b is None:
                return
            near, far = b - b.max(), b
        else:
            near, far = a, a - a.max() if b is None else b
        for step, depth in enumerate(between, start=1):
            inside = near * (steps - step) + far * step > _ROUNDING * steps
            # Distances are nested where regions are; where one ends on the way, this sees to it.
            depth[inside & (depth == level - 1)] = level
