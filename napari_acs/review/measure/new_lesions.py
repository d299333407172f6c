"""Lesions of a later date that are nowhere near the region at the earlier one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.spatial import KDTree

from napari_acs.imaging.metrics import surface
from napari_acs.review.boxes import bounding_box
from napari_acs.review.measure.lesions import components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid

NEW_LESION_MM = 5.0
"""A lesion is new where none of it comes closer than this to the region at the earlier date.

One of any size that counts as a lesion is progression (Wen 2010); RANO 2.0 asks for a measurable
one.
"""

_LONG_MM: Final = 2.0


def new_lesions(
    before: NDArray[np.bool_],
    before_grid: Grid,
    after: NDArray[np.bool_],
    after_grid: Grid,
    near_mm: float,
    smallest_ml: float,
) -> int:
    """Count the later lesions further than a distance from all of the earlier region.

    The distance to a region is 0 within it: what is left in the middle of a tumour that shrank,
    or grew around a small one, is not new, however far the outer surfaces are apart.

    Parameters
    ----------
    before, after : ndarray of bool, shape (z, y, x)
        One region at two dates, each on its own grid.
    before_grid, after_grid : Grid
        Both in the patient space of the earlier study.
    near_mm : float
        Between voxel centres, where voxels are no longer than 2 mm; else between parts of them.
    smallest_ml : float
        Smaller components are no lesions.
    """
    box = bounding_box(after)
    if box is None:
        return 0
    found, grid = components(after[box], smallest_ml / after_grid.voxel_ml), after_grid.crop(box)
    earlier = _points(surface(before), before_grid)
    if not len(earlier):
        return len(found.voxels)
    # Both ways: of two that overlap, the surface of either may lie far from the other's.
    shared = set(_at(found.numbers, grid, earlier).tolist())
    tree, count = KDTree(earlier), 0
    for number, where in enumerate(found.boxes, 1):
        lesion, there = found.numbers[where] == number, grid.crop(where)
        if number in shared or _at(before, before_grid, _points(lesion, there)).any():
            continue
        count += bool(tree.query(_points(surface(lesion), there))[0].min() > near_mm)
    return count


def _points(mask: NDArray[np.bool_], grid: Grid) -> NDArray[np.float64]:
    """Return the centres of voxels, shape (n, 3) in LPS mm; of long voxels those of their parts.

    Centres of neighbouring slices may be 6.5 mm apart, with nothing between the slices.
    """
    index = np.argwhere(mask)[:, ::-1].astype(np.float64)
    for axis, side in enumerate(grid.spacing):
        parts = math.ceil(side / _LONG_MM - 1e-6)
        if parts > 1:
            within = np.zeros((parts, 3))
            within[:, axis] = (np.arange(parts) + 0.5) / parts - 0.5
            index = (index[:, None] + within).reshape(-1, 3)
    return grid.index_to_point(index)


def _at(array: NDArray[Any], grid: Grid, points: NDArray[np.float64]) -> NDArray[Any]:
    """Return the values of the voxels that points lie in; 0 outside of the array."""
    index = np.rint(grid.point_to_index(points)[:, ::-1]).astype(np.intp)
    there = ((index >= 0) & (index < array.shape)).all(axis=1)
    values = np.zeros(len(points), array.dtype)
    values[there] = array[tuple(index[there].T)]
    return values
