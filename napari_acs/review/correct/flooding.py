"""Paint all that hangs together with a point and is about as bright."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.review.boxes import (
    Box,
    bounding_box,
    checked_axis,
    common,
    grown,
    inside,
    moved,
    slice_box,
)
from napari_acs.review.correct.brush import checked_points, near_segment, reach
from napari_acs.review.correct.canvas import Canvas, positive_mm
from napari_acs.review.correct.hanging import hanging_together

if TYPE_CHECKING:
    from napari_acs.review.correct.band import Band
    from napari_acs.review.correct.change import Change
    from napari_acs.review.correct.ink import Ink

_FIRST = 16
"""Voxels around the seed that are looked at first; doubled while the flood reaches the edge."""


def flood(
    canvas: Canvas,
    seed: ArrayLike,
    band: Band,
    ink: Ink,
    *,
    reach_mm: float | None = None,
    most_ml: float | None = None,
    axis: int | None = None,
    cancelled: Callable[[], bool] = never,
) -> Change:
    """Paint the voxels of a brightness that hang together with a seed across faces.

    Unlike other corrections it stays in the canvas's box on its way too: a box is a dam.

    Parameters
    ----------
    canvas : Canvas
    seed : array, shape (3,)
        Continuous voxel index (z, y, x), in the box.
    band : Band
    ink : Ink
    reach_mm : float, optional
        How far from the seed the flood goes at most.
    most_ml : float, optional
        A flood that would take more, painted before or not, is refused.
    axis : int, optional
        Stay in the seed's slice along this axis.
    cancelled : callable

    Returns
    -------
    Change
        Of no voxel where the seed itself is not of that brightness.

    Raises
    ------
    BadInput
        A seed outside the box, a reach that is none, an image on another grid, or a flood that
        would take more than it may: the sentence says how much.
    Cancelled
    """
    canvas.on_same_grid(band.image, band.name)
    point = checked_points(seed)
    index = np.floor(point[0] + 0.5).astype(int).tolist()
    limit: Box | None = canvas.within
    if axis is not None:
        limit = common(canvas.within, slice_box(canvas.shape, axis, index[checked_axis(axis)]))
    if reach_mm is not None and limit is not None:
        around = reach(canvas, point, positive_mm(reach_mm, "The flood's reach"), axis)
        limit = common(limit, around) if around is not None else None
    if len(point) != 1 or limit is None or not _holds(limit, index):
        raise BadInput(
            "The flood has to start in the image, and in the box where there is one",
            found=f"a start at voxel {tuple(index)} (z, y, x)",
            do="Click within it",
        )
    said = ink.said(f"on all that hangs together with a point {band.said()}")
    if reach_mm is not None:
        said += f", up to {reach_mm:g} mm away"

    def open_in(window: Box) -> NDArray[np.bool_]:
        held = band.holds(window)
        if reach_mm is not None:
            held &= near_segment(window, point[0], point[0], reach_mm, canvas.spacing, axis)
        return held

    window, flooded = _spread(open_in, index, limit, canvas, cancelled)
    own = bounding_box(flooded.view(np.uint8))
    if own is None:
        return canvas.nothing(said)
    _refuse_more(np.count_nonzero(flooded) * canvas.voxel_ml, most_ml, band)
    stop_if(cancelled)
    window, flooded = moved(own, window), flooded[own]
    return canvas.change(window, ink.on(canvas.depth(window), flooded, canvas.nesting), said)


def _refuse_more(ml: float, most_ml: float | None, band: Band) -> None:
    if most_ml is not None and ml > most_ml:
        raise BadInput(
            "The flood would run far beyond a tumour, so nothing was painted",
            found=f"{ml:.0f} ml that hang together there, {band.said()}",
            expected=f"at most {most_ml:g} ml",
            do="Narrow the range, or flood in the slice alone",
        )


def _spread(
    open_in: Callable[[Box], NDArray[np.bool_]],
    index: list[int],
    limit: Box,
    canvas: Canvas,
    cancelled: Callable[[], bool],
) -> tuple[Box, NDArray[np.bool_]]:
    """Flood ever larger windows around the seed, until its part no longer reaches the edge."""
    z, y, x = (slice(i, i + 1) for i in index)
    window: Box = (z, y, x)
    by = _FIRST
    while True:
        stop_if(cancelled)
        window = common(grown(window, (by, by, by), canvas.shape), limit) or limit
        held = open_in(window)
        at_z, at_y, at_x = (i - s.start for i, s in zip(index, window, strict=True))
        flooded = hanging_together(held, (at_z, at_y, at_x), cancelled=cancelled)
        if window == limit or not _reaches_edge(flooded, window, limit):
            return window, flooded
        by *= 2


def _reaches_edge(flooded: NDArray[np.bool_], window: Box, limit: Box) -> bool:
    """Whether the flood touches a face of the window that is no face of the limit."""
    for axis, (s, t) in enumerate(zip(inside(window, limit), limit, strict=True)):
        if s.start > 0 and flooded.take(0, axis).any():
            return True
        if s.stop < t.stop - t.start and flooded.take(-1, axis).any():
            return True
    return False


def _holds(box: Box, index: list[int]) -> bool:
    return all(s.start <= i < s.stop for i, s in zip(index, box, strict=True))
