"""Fill the slices between drawn ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import ndimage

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.review.boxes import Box, checked_axis, common
from napari_acs.review.correct.distance import signed_distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.correct.canvas import Canvas
    from napari_acs.review.correct.change import Change

Outline: TypeAlias = "NDArray[np.float32] | None"

_ROUNDING = 1e-4
"""Distances in mm are float32; halfway between the same distance in and out is outside."""


def fill_between(
    canvas: Canvas, axis: int, region: str | None = None, *, cancelled: Callable[[], bool] = never
) -> Change:
    """Interpolate the outlines of regions between the slices that have them.

    Shape-based interpolation (Raya & Udupa, IEEE TMI 9(1), 1990; Herman, Zheng & Bucholtz, IEEE
    CG&A 12(3), 1992): the signed distances in mm to the outlines in both neighbours are weighted
    by the distance to them, and what is above 0 is inside. A region that is in one neighbour only
    gets smaller on the way, and ends at the other one. Outlines that do not overlap may leave
    slices in between empty; the sentence says how many.

    Parameters
    ----------
    canvas : Canvas
        Only slices that have labels in its box (of a region: or right beside it) count as drawn.
    axis : int
        Along which the slices lie: 0 is z.
    region : str, optional
        Which region, with those in it, is to be interpolated: lesion by lesion, between slices
        that have the lesion and in those alone that do not, whatever of the regions around it and
        of other lesions is there. A lesion is what hangs together once all slices are laid on each
        other. Left out: all regions, and only slices without any label change.
    cancelled : callable

    Raises
    ------
    BadInput
        There is no such axis or region, or fewer than two slices are drawn.
    Cancelled
    """
    others = tuple({0, 1, 2} - {checked_axis(axis)})
    level = 1 if region is None else canvas.nesting.level(region)
    extent = canvas.extent(level)
    part = common(extent, canvas.within) if extent is not None else None
    drawn: list[int] = []
    if part is not None:
        here = (canvas.depth(part) >= level).any(axis=others)
        drawn = (np.flatnonzero(here) + part[axis].start).tolist()
    if part is None or len(drawn) < 2:
        raise BadInput(
            "There is nothing to interpolate between",
            found=f"{len(drawn)} drawn slice(s) along axis {axis}",
            expected="at least two",
            do="Draw the tumour in another slice, some slices away",
        )
    window = _window(canvas, axis, part, drawn)
    depth = np.moveaxis(canvas.depth(window), axis, 0)
    spacing = [canvas.spacing[other] for other in sorted(others)]
    levels = range(level, len(canvas.nesting.values) + 1)
    made = depth.copy()
    if region is None:
        _fill(made, depth, [each - drawn[0] for each in drawn], levels, spacing, cancelled)
    else:
        for place, own in _lesions(depth >= level):
            alone = np.where(own, depth[place], 0)
            found = np.flatnonzero((alone >= level).any(axis=(1, 2))).tolist()
            _fill(made[place], alone, found, levels, spacing, cancelled)
    filled = np.count_nonzero((made != depth).any(axis=(1, 2)))
    empty = np.count_nonzero(~(made >= level).any(axis=(1, 2)))
    what = "slices" if region is None else f"slices of {region}"
    said = f"{filled} {what} along axis {axis} filled between drawn ones"
    if empty and (region is None or not filled):  # else there may be nothing between two lesions
        said += f" ({empty} stay empty: the outlines do not overlap)"
    return canvas.change(window, np.moveaxis(made, 0, axis), said)


def _window(canvas: Canvas, axis: int, part: Box, drawn: Sequence[int]) -> Box:
    """Return a part from its first to its last drawn slice, in these one voxel larger if it can."""
    z, y, x = (
        slice(drawn[0], drawn[-1] + 1)
        if i == axis
        else slice(max(0, s.start - 1), min(n, s.stop + 1))
        for i, (s, n) in enumerate(zip(part, canvas.shape, strict=True))
    )
    return z, y, x


def _lesions(
    here: NDArray[np.bool_],
) -> Iterator[tuple[tuple[slice, slice, slice], NDArray[np.bool_]]]:
    """Yield the place of every lesion, one voxel larger if it can be, and what is its own there.

    Drawn slices with a gap between them do not hang together; what they cover does.
    """
    lesions, _ = ndimage.label(here.any(axis=0), np.ones((3, 3), bool))
    for number, (rows, columns) in enumerate(ndimage.find_objects(lesions), start=1):
        y, x = (slice(max(0, s.start - 1), s.stop + 1) for s in (rows, columns))
        yield (slice(None), y, x), lesions[y, x] == number


def _fill(
    made: NDArray[np.uint8],
    depth: NDArray[np.uint8],
    drawn: Sequence[int],
    levels: range,
    spacing: Sequence[float],
    cancelled: Callable[[], bool],
) -> None:
    """Write regions of some levels into the slices between drawn ones; what is deeper stays."""
    known: dict[int, list[Outline]] = {}
    for behind, ahead in pairwise(drawn):
        stop_if(cancelled)
        if ahead == behind + 1:
            continue
        known = {
            index: known.get(index) or _outlines(depth[index], levels, spacing)
            for index in (behind, ahead)
        }
        gap = made[behind + 1 : ahead]
        between = np.full(gap.shape, levels[0] - 1, np.uint8)
        _interpolate(between, known[behind], known[ahead], levels)
        between[between < levels[0]] = 0
        np.maximum(gap, between, out=gap)


def _outlines(depth: NDArray[np.uint8], levels: range, spacing: Sequence[float]) -> list[Outline]:
    """Return what `_outline` does, of regions of a drawn slice, outermost first."""
    return [_outline(depth >= level, spacing) for level in levels]


def _outline(mask: NDArray[np.bool_], spacing: Sequence[float]) -> Outline:
    """Return signed distances in mm to a region's outline in a slice; None if it is not there."""
    if not mask.any():
        return None
    # Where a region fills the slice, its outline is out of sight.
    limit = math.hypot(*(n * s for n, s in zip(mask.shape, spacing, strict=True)))
    return signed_distance(mask, spacing, limit)


def _interpolate(
    between: NDArray[np.uint8],
    behind: Sequence[Outline],
    ahead: Sequence[Outline],
    levels: range,
) -> None:
    """Write the depths of the slices between two, shape (n, ...), which are all one less."""
    steps = len(between) + 1
    for level, a, b in zip(levels, behind, ahead, strict=True):
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
