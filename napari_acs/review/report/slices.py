"""Which slices of a case are shown: the largest, the middle of each lesion, the diameters'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.review.measure.bidimensional import Line
    from napari_acs.review.measure.measures import LesionMeasures, Measures

MOST_LESIONS = 3


@dataclass(frozen=True)
class Key:
    """A slice to show.

    Attributes
    ----------
    level : int
        Of the stack of axial planes, from the feet.
    why : tuple of str
    core : bool
        Whether it is shown for the core or the enhancing tumour.
    """

    level: int
    why: tuple[str, ...]
    core: bool


def lesion_region(measures: Measures) -> str:
    """Return the region whose lesions are followed: ET, or TC, or WT, the first that has any."""
    found = [name for name in ("ET", "TC", "WT") if measures.regions[name].lesions]
    return found[0] if found else "WT"


def key_slices(labels: NDArray[np.uint8], grid: Grid, measures: Measures) -> tuple[Key, ...]:
    """Choose the slices.

    Parameters
    ----------
    labels : ndarray of uint8, shape (z, y, x)
        Axial planes from feet to head; see `napari_acs.review.measure.axial.axial_stack`.
    grid : Grid
        Of ``labels``.
    measures : Measures
        Of the mask.

    Returns
    -------
    tuple of Key
        The one with the largest area of WT first; one through the centroid of each of the three
        largest lesions of `lesion_region`; the one in which its largest diameter lies. A slice
        that is chosen twice for one purpose comes once; for WT and for the core it comes in two
        sequences.
    """
    areas = np.count_nonzero(labels, axis=(1, 2))
    if not areas.any():
        return ()
    region = lesion_region(measures)
    wanted = [(int(areas.argmax()), "largest area of WT", False)]
    for number, lesion in enumerate(measures.regions[region].lesions[:MOST_LESIONS], 1):
        level = _level(grid, lesion.centroid_lps_mm)
        wanted.append((level, f"middle of lesion {number} of {region}", region != "WT"))
    axial = measures.regions[region].largest_axial
    if axial is not None:
        level = _level(grid, axial.diameter.ends_lps_mm[0])
        wanted.append((level, f"largest diameter of {region}", region != "WT"))
    found: dict[tuple[int, bool], tuple[str, ...]] = {}
    for level, why, core in wanted:
        at = (min(max(level, 0), len(labels) - 1), core)
        found[at] = (*found.get(at, ()), why)
    return tuple(Key(level, why, core) for (level, core), why in found.items())


def lines_at(
    lesions: Sequence[LesionMeasures], grid: Grid, level: int
) -> tuple[tuple[tuple[float, float], tuple[float, float]], ...]:
    """Return the diameters that lie in a plane: ends as continuous indices (row, column)."""
    found: list[Line] = []
    for lesion in lesions:
        if lesion.axial is not None and _level(grid, lesion.axial.diameter.ends_lps_mm[0]) == level:
            found += [lesion.axial.diameter]
            found += [lesion.axial.perpendicular] if lesion.axial.perpendicular else []
    ends = [grid.point_to_index(line.ends_lps_mm) for line in found]
    return tuple(((a[1], a[0]), (b[1], b[0])) for a, b in ends)


def _level(grid: Grid, point: tuple[float, float, float]) -> int:
    return round(float(grid.point_to_index([point])[0, 2]))
