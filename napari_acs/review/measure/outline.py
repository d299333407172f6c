"""The contour of a shape of pixels, and which lines stay inside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import ConvexHull, QhullError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

_SLIVER = 1e-9
_PROBES = tuple(np.arange(1, 2**k, 2) / 2**k for k in range(1, 5))

CALIPER = 0.25
"""Where a measurement ends: so much of a voxel outside the centre of a voxel at the border.

On digital ellipses with radii of 3 to 70 pixels, lines from centre to centre are 0.3 to 0.7 pixels
short on average; from edge to edge they are 0.3 to 0.8 long, as the longest of many picks the
bumps. From a quarter on, the largest diameter is -0.3 to 0.2 off, and the largest within 5 degrees
of perpendicular -0.2 to 0.4.
"""


@dataclass(frozen=True, eq=False)
class Outline:
    """The contour of a shape of pixels.

    Pixel (r, c) covers r to r + 1 and c to c + 1 here, so its centre is at (r + 0.5, c + 0.5).

    Attributes
    ----------
    points : ndarray of float, shape (n, 2)
        Contour points as (row, column): for each side that parts a pixel inside from one
        outside, `CALIPER` pixels from the centre of the one inside towards the other.
    mm : ndarray of float, shape (n, 2)
        The same in mm.
    touched : ndarray of bool, shape (2 h + 1, 2 w + 1)
        Whether a pixel of the shape touches each pixel (odd, odd), side and corner.
    """

    points: Points
    mm: Points
    touched: NDArray[np.bool_]


def outline(plane: NDArray[np.bool_], sides_mm: tuple[float, float]) -> Outline:
    """Return the contour of a shape.

    Parameters
    ----------
    plane : ndarray of bool, shape (rows, columns)
        Not empty. What is outside the array is outside the shape.
    sides_mm : tuple of float
        Size of a pixel along rows and columns. The long side of an elongated pixel has several
        contour points, side by side over its middle half, so that there are lines at any angle.
    """
    padded = np.pad(plane, 1)
    points = []
    for axis in range(2):
        other = 1 - axis
        # Powers of two: dyadic fractions are exact, also where a line meets a corner.
        parts = 2 ** max(0, round(math.log2(sides_mm[other] / sides_mm[axis])))
        beside = 2 * CALIPER * ((np.arange(parts) + 0.5) / parts - 0.5)
        for sense in (1, -1):
            beyond = np.roll(padded, -sense, axis)[1:-1, 1:-1]
            centres = np.repeat(np.argwhere(plane & ~beyond) + 0.5, parts, axis=0)
            centres[:, axis] += sense * CALIPER
            centres[:, other] += np.tile(beside, len(centres) // parts)
            points.append(centres)
    h, w = plane.shape
    touched = np.zeros((2 * h + 1, 2 * w + 1), bool)
    for r in range(3):
        for c in range(3):
            touched[r : r + 2 * h : 2, c : c + 2 * w : 2] |= plane
    found = np.concatenate(points)
    return Outline(found, found * np.asarray(sides_mm), touched)


def span_mm(plane: NDArray[np.bool_], sides_mm: tuple[float, float]) -> float:
    """Return the largest distance of two contour points, whether or not the line leaves the shape.

    Parameters
    ----------
    plane : ndarray of bool, shape (rows, columns)
        Not empty.
    sides_mm : tuple of float
    """
    rows = np.flatnonzero(plane.any(axis=1))
    ends = plane[rows].argmax(axis=1), plane.shape[1] - 1 - plane[rows][:, ::-1].argmax(axis=1)
    mm = np.concatenate([np.stack([rows, end], axis=1) for end in ends]) * np.asarray(sides_mm)
    mm = mm[hull(mm)]
    apart = np.abs(mm[:, None] - mm)
    # Each end may lie to one side of its centre, and beside it by as much (elongated pixels).
    return float(np.hypot(*np.moveaxis(apart + 2 * CALIPER * np.asarray(sides_mm), -1, 0)).max())


def inside(shape: Outline, start: Points, end: Points) -> NDArray[np.bool_]:
    """Tell of each line whether it stays inside the shape or on its border.

    Parameters
    ----------
    shape : Outline
    start, end : ndarray of float, shape (n, 2)
        Contour points as (row, column).
    """
    step = end - start
    good = np.arange(len(start))
    # Halves, quarters ... of dyadic fractions are exact, and weed out most lines that leave.
    for parts in _PROBES:
        at = start[good, None] + parts[:, None] * step[good, None]
        good = good[_touched(shape, at).all(axis=1)]
    done = np.zeros(len(start), bool)
    if len(good):
        done[good] = _exactly_inside(shape, start[good], step[good])
    return done


def _exactly_inside(shape: Outline, start: Points, step: Points) -> NDArray[np.bool_]:
    """Look at the middle of every piece between two crossings of the lines between pixels."""
    cuts = [np.zeros((len(start), 1)), np.ones((len(start), 1))]
    for axis in range(2):
        a, d = start[:, axis, None], step[:, axis, None]
        low, high = np.minimum(a, a + d), np.maximum(a, a + d)
        lines = np.floor(low) + 1 + np.arange(max(0, int((high - low).max()) + 1))
        crossed = lines < high
        cuts.append(np.divide(lines - a, d, out=np.ones(lines.shape), where=crossed))
    t = np.sort(np.concatenate(cuts, axis=1), axis=1)
    middle = (t[:, 1:] + t[:, :-1]) / 2
    sliver = t[:, 1:] - t[:, :-1] < _SLIVER  # both lines crossed at once, but for rounding
    at = start[:, None] + middle[..., None] * step[:, None]
    return np.asarray((_touched(shape, at) | sliver).all(axis=1))


def _touched(shape: Outline, at: Points) -> NDArray[np.bool_]:
    whole = np.floor(at)
    r, c = np.moveaxis((2 * whole + (at != whole)).astype(np.intp), -1, 0)
    return np.asarray(shape.touched[r, c])


def hull(mm: Points) -> NDArray[np.intp]:
    """Return which of some points, shape (n, 2), are corners of their convex hull."""
    try:
        return np.asarray(ConvexHull(mm).vertices, np.intp)
    except QhullError:  # fewer than three points, or all in one line
        return np.arange(len(mm))
