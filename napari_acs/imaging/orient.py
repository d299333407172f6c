"""Turn an array to the orientation nearest to LPS, and exactly back: no voxel is resampled."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray


def lps_axes(grid: Grid) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
    """Find which index axis runs along each patient axis, and whether it runs against it.

    Returns
    -------
    order : tuple of int
        For left, posterior, superior: the index axis (0 x, 1 y, 2 z) nearest to it. Of the
        six ways to pair the axes, the one with the largest sum of cosines.
    against : tuple of bool
        True where that index axis runs to the right, front or feet.
    """
    cosines = np.reshape(grid.direction, (3, 3))

    def agreement(order: tuple[int, ...]) -> float:
        return float(sum(abs(cosines[i, axis]) for i, axis in enumerate(order)))

    x, y, z = max(itertools.permutations(range(3)), key=agreement)
    return (x, y, z), (bool(cosines[0, x] < 0), bool(cosines[1, y] < 0), bool(cosines[2, z] < 0))


def to_lps(array: NDArray[Any], grid: Grid) -> NDArray[Any]:
    """Return a view of ``array`` whose axes (z, y, x) run nearest to superior, posterior, left.

    Parameters
    ----------
    array : ndarray, shape (..., z, y, x)
        On ``grid``; leading axes are kept.
    """
    order, against = lps_axes(grid)
    lead = array.ndim - 3
    axes = [lead + 2 - axis for axis in reversed(order)]
    turned = array.transpose(*range(lead), *axes)
    steps = [slice(None, None, -1 if flip else 1) for flip in reversed(against)]
    return turned[..., steps[0], steps[1], steps[2]]


def from_lps(array: NDArray[Any], grid: Grid) -> NDArray[Any]:
    """Undo `to_lps`: take an array (..., z, y, x) in LPS order back to ``grid``'s own order."""
    order, against = lps_axes(grid)
    lead = array.ndim - 3
    steps = [slice(None, None, -1 if flip else 1) for flip in reversed(against)]
    axes = [lead + 2 - axis for axis in reversed(order)]
    back = (lead + int(i) for i in np.argsort(axes))
    return array[..., steps[0], steps[1], steps[2]].transpose(*range(lead), *back)


def lps_grid(grid: Grid) -> Grid:
    """Return the grid of ``to_lps(array, grid)``: the same voxels at the same points."""
    order, against = lps_axes(grid)
    cosines = np.reshape(grid.direction, (3, 3))
    start = [0, 0, 0]
    columns = []
    for axis, flip in zip(order, against, strict=True):
        start[axis] = grid.size[axis] - 1 if flip else 0
        columns.append(-cosines[:, axis] if flip else cosines[:, axis])
    ox, oy, oz = grid.index_to_point([start])[0].tolist()
    nx, ny, nz = (grid.size[axis] for axis in order)
    sx, sy, sz = (grid.spacing[axis] for axis in order)
    direction = tuple(np.stack(columns, axis=1).ravel().tolist())
    return Grid((nx, ny, nz), (sx, sy, sz), (ox, oy, oz), direction)
