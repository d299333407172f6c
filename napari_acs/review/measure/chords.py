"""Longest straight lines that stay inside a shape of pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import ConvexHull, QhullError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

TIE_MM = 1e-6
"""Chords that differ by less are of one length; the rest is rounding."""
_ROWS = 128
_BATCH = 2048
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


@dataclass(frozen=True)
class Chord:
    """Two points of an outline, by number, and their distance in mm."""

    start: int
    end: int
    length_mm: float


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
    mm = mm[_hull(mm)]
    apart = np.abs(mm[:, None] - mm)
    # Each end may lie to one side of its centre, and beside it by as much (elongated pixels).
    return float(np.hypot(*np.moveaxis(apart + 2 * CALIPER * np.asarray(sides_mm), -1, 0)).max())


def longest_chords(
    shape: Outline,
    at_least_mm: float = 0.0,
    across: Points | None = None,
    within_deg: float = 0.0,
) -> list[Chord]:
    """Return the longest lines between two contour points that do not leave the shape.

    A line does not leave the shape when every point of it lies in a pixel of the shape or on
    its border (tested exactly, pixel by pixel, not by samples). Pairs are tried from the longest
    on, so of a compact shape only a few are.

    Parameters
    ----------
    shape : Outline
    at_least_mm : float
        Shorter chords are of no interest.
    across : ndarray, shape (2,), optional
        Only chords perpendicular to this direction (row, column; mm) are looked at ...
    within_deg : float
        ... or off by no more than this angle.

    Returns
    -------
    list of Chord
        All that tie for the longest (within `TIE_MM`); empty where there is none.
    """
    mm = shape.mm
    extremes = mm[_hull(mm)]
    reach = np.sqrt(((mm[:, None] - extremes) ** 2).sum(-1).max(axis=1))
    order = np.argsort(-reach, kind="stable")
    best = at_least_mm
    found: list[Chord] = []
    for first in range(0, len(order), _ROWS):
        rows = order[first : first + _ROWS]
        if reach[rows[0]] < best - TIE_MM:
            break
        i, j, length = _pairs(mm, rows, order[first:], best, across, within_deg)
        for chord in _first_inside(shape, i, j, length):
            found.append(chord)
            best = max(best, chord.length_mm)
    return [chord for chord in found if chord.length_mm >= best - TIE_MM]


def _hull(mm: Points) -> NDArray[np.intp]:
    try:
        return np.asarray(ConvexHull(mm).vertices, np.intp)
    except QhullError:  # fewer than three points, or all in one line
        return np.arange(len(mm))


def _pairs(
    mm: Points,
    rows: NDArray[np.intp],
    others: NDArray[np.intp],
    at_least: float,
    across: Points | None,
    within_deg: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp], Points]:
    """Return the pairs of ``rows`` (the first of ``others``) that qualify, longest first."""
    difference = mm[rows][:, None] - mm[others]
    square = np.einsum("ijk,ijk->ij", difference, difference)
    wanted = square >= max(at_least - TIE_MM, TIE_MM) ** 2
    wanted &= np.arange(len(others)) > np.arange(len(rows))[:, None]
    if across is not None:
        along = difference @ (across / np.linalg.norm(across))
        wanted &= along**2 <= square * math.sin(math.radians(within_deg)) ** 2 + TIE_MM**2
    a, b = np.nonzero(wanted)
    length = np.sqrt(square[a, b])
    longest = np.argsort(-length, kind="stable")
    return rows[a[longest]], others[b[longest]], length[longest]


def _first_inside(
    shape: Outline, i: NDArray[np.intp], j: NDArray[np.intp], length: Points
) -> list[Chord]:
    """Return the first chords, of pairs sorted by length, that stay inside; ties included."""
    found: list[Chord] = []
    start, size = 0, 32
    while start < len(i):
        if found and length[start] < found[0].length_mm - TIE_MM:
            break
        batch = np.arange(start, min(start + size, len(i)))
        for k in batch[inside(shape, shape.points[i[batch]], shape.points[j[batch]])].tolist():
            if not found or length[k] >= found[0].length_mm - TIE_MM:
                found.append(Chord(int(i[k]), int(j[k]), float(length[k])))
        start, size = start + size, min(2 * size, _BATCH)
    return found


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
