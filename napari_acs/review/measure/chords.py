"""Longest straight lines that stay inside a shape of pixels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging.cancel import never, stop_if
from napari_acs.review.measure.outline import hull, inside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.measure.outline import Outline

    Points = NDArray[np.float64]

TIE_MM = 1e-6
"""Chords that differ by less are of one length; the rest is rounding."""
_ROWS = 128
_BATCH = 2048


@dataclass(frozen=True)
class Chord:
    """Two points of an outline, by number, and their distance in mm."""

    start: int
    end: int
    length_mm: float


def longest_chords(
    shape: Outline,
    at_least_mm: float = 0.0,
    crossing: Chord | None = None,
    within_deg: float = 0.0,
    cancelled: Callable[[], bool] = never,
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
    crossing : Chord, optional
        Only chords that cross this one, or end on it, at a right angle are looked at ...
    within_deg : float
        ... or at one that is off by no more than this.
    cancelled : callable

    Returns
    -------
    list of Chord
        All that tie for the longest (within `TIE_MM`); empty where there is none.

    Raises
    ------
    Cancelled
    """
    mm = shape.mm
    extremes = mm[hull(mm)]
    reach = np.sqrt(((mm[:, None] - extremes) ** 2).sum(-1).max(axis=1))
    order = np.argsort(-reach, kind="stable")
    best = at_least_mm
    found: list[Chord] = []
    for first in range(0, len(order), _ROWS):
        rows = order[first : first + _ROWS]
        if reach[rows[0]] < best - TIE_MM:
            break
        stop_if(cancelled)
        i, j, length = _pairs(shape, rows, order[first:], best, crossing, within_deg)
        for chord in _first_inside(shape, i, j, length, cancelled):
            found.append(chord)
            best = max(best, chord.length_mm)
    return [chord for chord in found if chord.length_mm >= best - TIE_MM]


def _pairs(
    shape: Outline,
    rows: NDArray[np.intp],
    others: NDArray[np.intp],
    at_least: float,
    crossing: Chord | None,
    within_deg: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp], Points]:
    """Return the pairs of ``rows`` (the first of ``others``) that qualify, longest first."""
    mm = shape.mm
    difference = mm[rows][:, None] - mm[others]
    square = np.einsum("ijk,ijk->ij", difference, difference)
    wanted = square >= max(at_least - TIE_MM, TIE_MM) ** 2
    wanted &= np.arange(len(others)) > np.arange(len(rows))[:, None]
    if crossing is not None:
        across = mm[crossing.end] - mm[crossing.start]
        along = difference @ (across / np.linalg.norm(across))
        wanted &= along**2 <= square * math.sin(math.radians(within_deg)) ** 2 + TIE_MM**2
    a, b = np.nonzero(wanted)
    if crossing is not None:
        met = _crosses(shape.points, rows[a], others[b], crossing)
        a, b = a[met], b[met]
    length = np.sqrt(square[a, b])
    longest = np.argsort(-length, kind="stable")
    return rows[a[longest]], others[b[longest]], length[longest]


def _crosses(
    points: Points, i: NDArray[np.intp], j: NDArray[np.intp], chord: Chord
) -> NDArray[np.bool_]:
    """Tell which lines from points ``i`` to ``j`` cross a chord or touch it."""

    def beside(start: Points, end: Points, point: Points) -> Points:
        # In pixels, where contour points are dyadic fractions, its sign is exact.
        (ry, rx), (py, px) = np.moveaxis(end - start, -1, 0), np.moveaxis(point - start, -1, 0)
        return np.asarray(rx * py - ry * px)

    start, end, p, q = points[chord.start], points[chord.end], points[i], points[j]
    parted = beside(start, end, p) * beside(start, end, q) <= 0
    return np.asarray(parted & (beside(p, q, start) * beside(p, q, end) <= 0))


def _first_inside(
    shape: Outline,
    i: NDArray[np.intp],
    j: NDArray[np.intp],
    length: Points,
    cancelled: Callable[[], bool],
) -> list[Chord]:
    """Return the first chords, of pairs sorted by length, that stay inside; ties included."""
    found: list[Chord] = []
    start, size = 0, 32
    while start < len(i):
        if found and length[start] < found[0].length_mm - TIE_MM:
            break
        stop_if(cancelled)
        batch = np.arange(start, min(start + size, len(i)))
        for k in batch[inside(shape, shape.points[i[batch]], shape.points[j[batch]])].tolist():
            if not found or length[k] >= found[0].length_mm - TIE_MM:
                found.append(Chord(int(i[k]), int(j[k]), float(length[k])))
        start, size = start + size, min(2 * size, _BATCH)
    return found
