"""Paint along a line with a ball or a disc whose radius is in mm, by brightness if wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.boxes import Box, checked_axis, common, inside
from napari_acs.review.correct.canvas import Canvas, positive_mm
from napari_acs.review.correct.inking import inked

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_acs.review.correct.band import Band
    from napari_acs.review.correct.change import Change
    from napari_acs.review.correct.ink import Ink

_ROUNDING = 1e-6
"""A voxel's distance may be this part of the radius above it: positions are sums of fractions."""


def stroke(
    canvas: Canvas,
    points: ArrayLike,
    radius_mm: float,
    ink: Ink,
    *,
    axis: int | None = None,
    band: Band | None = None,
) -> Change:
    """Paint all voxels whose centre is within a distance of a line.

    The voxels that the points lie in are painted however small the radius is.

    Parameters
    ----------
    canvas : Canvas
    points : array, shape (n, 3) or (3,)
        The line, from point to point, as continuous voxel indices (z, y, x). It may leave the
        image.
    radius_mm : float
    ink : Ink
    axis : int, optional
        Paint with a disc, in the one slice along this axis that the points lie in, instead of a
        ball.
    band : Band, optional
        Touch voxels of this brightness only.

    Raises
    ------
    BadInput
        Points that are none or, for a disc, lie in several slices; a radius that is none; an
        image on another grid.
    """
    radius = positive_mm(radius_mm, "The brush's radius")
    line = checked_points(points)
    if band is not None:
        canvas.on_same_grid(band.image, band.name)
    if axis is not None:
        line = _in_one_slice(line, axis)
    shape = "ball" if axis is None else "disc"
    said = ink.said(f"with a {shape} of {radius:g} mm radius" + (f" {band.said()}" if band else ""))
    window = reach(canvas, line, radius, axis)
    if window is None:
        return canvas.nothing(said)
    pieces = list(zip(line, line[1:] if len(line) > 1 else line, strict=False))
    places = np.floor(line + 0.5).astype(int)

    def touched(slab: Box) -> NDArray[np.bool_]:
        on = np.zeros([s.stop - s.start for s in slab], bool)
        for start, end in pieces:
            near = reach(canvas, np.stack([start, end]), radius, axis)
            part = common(near, slab) if near is not None else None
            if part is not None:
                at = inside(part, slab)
                on[at] |= near_segment(part, start, end, radius, canvas.spacing, axis)
        for place in places:
            if all(s.start <= i < s.stop for i, s in zip(place, slab, strict=True)):
                on[tuple(i - s.start for i, s in zip(place, slab, strict=True))] = True
        if band is not None:
            on &= band.holds(slab)
        return on

    return inked(canvas, window, touched, ink, said)


def checked_points(points: ArrayLike) -> NDArray[np.float64]:
    """Return points as an array of shape (n, 3).

    Raises
    ------
    BadInput
        They are none.
    """
    line = np.atleast_2d(np.asarray(points, np.float64))
    if line.ndim != 2 or line.shape[1] != 3 or not len(line) or not np.isfinite(line).all():
        raise BadInput(
            "The brush does not know where to paint",
            found=f"points of shape {line.shape}" if line.shape[1:] != (3,) else "no finite place",
            expected="one or more voxel indices (z, y, x)",
            do="Paint on the image",
        )
    return line


def reach(canvas: Canvas, line: NDArray[np.float64], radius: float, axis: int | None) -> Box | None:
    """Return the part of the image that a brush along a line can touch, None if none."""
    by = np.asarray(radius / np.asarray(canvas.spacing))
    if axis is not None:
        by[axis] = 0
    low = np.maximum(np.floor(line.min(axis=0) - by), 0).astype(int)
    high = np.minimum(np.ceil(line.max(axis=0) + by) + 1, canvas.shape).astype(int)
    if (low >= high).any():
        return None
    z, y, x = (slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))
    return z, y, x


def near_segment(
    window: Box,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    radius: float,
    spacing: ArrayLike,
    axis: int | None = None,
) -> NDArray[np.bool_]:
    """Return which voxels of a window are within a radius in mm of a line between two points."""
    sides = np.array(spacing, np.float64)
    if axis is not None:
        sides[axis] = 0  # a disc: the slice has no thickness
    along = (end - start) * sides
    length = float(along @ along)
    offsets = np.ogrid[window]
    from_start = [(o - p) * s for o, p, s in zip(offsets, start, sides, strict=True)]
    z, y, x = (d * d for d in from_start)
    far = (z + y) + x
    if length > 0:
        z, y, x = (d * v / length for d, v in zip(from_start, along, strict=True))
        on = (z + y) + x  # 0 beside the start, 1 beside the end
        part = np.clip(on, 0, 1)
        on *= -2
        on += part
        on *= part
        on *= length
        far += on
    near: NDArray[np.bool_] = far <= (radius * (1 + _ROUNDING)) ** 2
    return near


def _in_one_slice(line: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    slices = np.unique(np.floor(line[:, checked_axis(axis)] + 0.5))
    if len(slices) > 1:
        raise BadInput(
            "A disc paints in one slice",
            found=f"points in {len(slices)} slices",
            expected="points in the slice that is shown",
            do="Use the ball, or paint slice by slice",
        )
    line = line.copy()
    line[:, axis] = slices[0]
    return line
