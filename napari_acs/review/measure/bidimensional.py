"""The largest axial diameter of a lesion and the largest one perpendicular to it (RANO)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging.cancel import never
from napari_acs.review.measure.chords import TIE_MM, Chord, longest_chords
from napari_acs.review.measure.outline import Outline, outline, span_mm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.review.boxes import Box
    from napari_acs.review.measure.axial import AxialStack

PERPENDICULAR_WITHIN_DEG = 5.0
"""How far from a right angle the second diameter may be."""
MEASURABLE_MM = 10.0
"""Both diameters of a measurable lesion are at least so long (Wen 2010, J Clin Oncol 28:1963)."""
MEASURABLE_SLICES = 2
"""In so many axial planes at least a measurable lesion is seen (Wen 2010)."""

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Line:
    """A straight line of a measurement.

    Attributes
    ----------
    length_mm : float
    ends_lps_mm : tuple of two points
        (x, y, z) in LPS mm.
    ends_index_zyx : tuple of two points
        The same as continuous indices (z, y, x) of the mask's own array; whole numbers are
        voxel centres.
    """

    length_mm: float
    ends_lps_mm: tuple[Point, Point]
    ends_index_zyx: tuple[Point, Point]


@dataclass(frozen=True)
class Bidimensional:
    """Two perpendicular diameters in one axial plane.

    Attributes
    ----------
    diameter : Line
        The largest diameter of all axial planes.
    perpendicular : Line or None
        The largest one that crosses it at right angles, in the same island of the lesion in
        that plane; None where a lesion is too small to have one.
    angle_deg : float or None
        Between the two, within `PERPENDICULAR_WITHIN_DEG` of 90.
    product_mm2 : float
        Of both lengths; 0 without a perpendicular.
    measurable : bool
        Both lengths are at least `measurable_from_mm`, and the lesion is in at least
        `MEASURABLE_SLICES` axial planes.
    """

    diameter: Line
    perpendicular: Line | None
    angle_deg: float | None
    product_mm2: float
    measurable: bool


def bidimensional(
    islands: NDArray[np.integer],
    candidates: Sequence[tuple[int, Box]],
    stack: AxialStack,
    grid: Grid,
    within_deg: float = PERPENDICULAR_WITHIN_DEG,
    cancelled: Callable[[], bool] = never,
) -> Bidimensional:
    """Measure a lesion by its contour, after AutoRANO (Chang 2019, Neuro-Oncology 21:1412).

    Every pair of contour points of every axial plane is a candidate. As in AutoRANO's published
    code (github.com/QTIM-Lab/DeepNeuro, deepneuro/outputs/RANO_deepneuro.py), the longest line
    comes first, and the second is the longest that crosses it within 5 degrees (there 5.7) of a
    right angle. Three things differ. The plane is the one with the longest line of all; there it
    is the largest in area that has both lines. Neither line may leave the lesion at all (holes
    count as outside, so a necrotic core is part of TC and none of ET); there a tenth of it may.
    Lines end a quarter of a pixel outside the centre of a pixel at the border
    (`napari_acs.review.measure.outline.CALIPER`), where the mean error on digital ellipses is
    under half a pixel; there in the centres.

    Parameters
    ----------
    islands : ndarray of int, shape (z, y, x)
        Parts of lesions that are connected within their axial plane, numbered; on ``stack``.
    candidates : sequence of (int, tuple of slice)
        The lesion's islands: number, and box in ``islands``. At least one.
    stack : AxialStack
        Whose planes are measured in.
    grid : Grid
        Of the mask's own array, for the indices of the ends.
    within_deg : float
        How far from a right angle the second line may be.
    cancelled : callable

    Returns
    -------
    Bidimensional

    Raises
    ------
    Cancelled
    """
    sides = stack.grid.spacing[1], stack.grid.spacing[0]
    best = 0.0
    tied: list[tuple[Outline, Chord, Box]] = []
    # No line is longer than its island's span: the largest islands first ends it soonest.
    spans = [(span_mm(islands[box][0] == number, sides), number, box) for number, box in candidates]
    for span, number, box in sorted(spans, key=lambda each: -each[0]):
        if span < best - TIE_MM:
            break
        shape = outline(islands[box][0] == number, sides)
        for chord in longest_chords(shape, best, cancelled=cancelled):
            tied.append((shape, chord, box))
            best = max(best, chord.length_mm)
    pairs: list[tuple[Line, Line | None, float | None]] = []
    for shape, chord, box in tied:
        if chord.length_mm < best - TIE_MM:
            continue
        first = _line(shape, chord, box, stack, grid)
        seconds = longest_chords(shape, 0.0, chord, within_deg, cancelled)
        pairs += [
            (first, _line(shape, s, box, stack, grid), _angle(shape, chord, s)) for s in seconds
        ] or [(first, None, None)]
    first, second, angle = min(pairs, key=_preference)
    across = second.length_mm if second else 0.0
    slices = len({box[0].start for _, box in candidates})
    long_enough = min(first.length_mm, across) >= measurable_from_mm(stack.grid.spacing[2])
    measurable = long_enough and slices >= MEASURABLE_SLICES
    return Bidimensional(first, second, angle, first.length_mm * across, measurable)


def measurable_from_mm(slice_mm: float) -> float:
    """Return how long both diameters of a measurable lesion are at least.

    10 mm, or twice the slice thickness where slices are thicker than 5 mm; a gap between them
    counts with it (Wen 2010; so do AutoRANO and RANO 2.0).

    Parameters
    ----------
    slice_mm : float
        From one axial plane to the next.
    """
    return max(MEASURABLE_MM, 2 * slice_mm)


def _preference(pair: tuple[Line, Line | None, float | None]) -> tuple[float, ...]:
    """Order lines of one length by the second's, then by place, so that no flip changes it."""
    first, second, _ = pair
    across = second.length_mm if second else 0.0
    ends = [*first.ends_lps_mm, *(second.ends_lps_mm if second else ())]
    return -round(across / TIE_MM), *(round(v, 4) for end in ends for v in reversed(end))


def _line(shape: Outline, chord: Chord, box: Box, stack: AxialStack, grid: Grid) -> Line:
    # Outline counts from the corner of the first pixel, indices from its centre.
    places = shape.points[[chord.start, chord.end]] - 0.5
    rows, columns = (places + [s.start for s in box[1:]]).T
    index = np.stack([columns, rows, np.full(2, float(box[0].start))], axis=1)
    points = stack.grid.index_to_point(index)
    points = points[np.lexsort(np.round(points, 4).T)]
    own = grid.point_to_index(points)[:, ::-1]
    return Line(chord.length_mm, _ends(points), _ends(own))


def _ends(points: NDArray[np.float64]) -> tuple[Point, Point]:
    (a, b, c), (d, e, f) = points.tolist()
    return (a, b, c), (d, e, f)


def _angle(shape: Outline, one: Chord, other: Chord) -> float:
    a, b = (shape.mm[chord.end] - shape.mm[chord.start] for chord in (one, other))
    return math.degrees(math.acos(min(1.0, abs(float(a @ b)) / (one.length_mm * other.length_mm))))
