"""The patient-axial planes of a mask on any grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.grid import Grid
from napari_acs.imaging.orient import lps_grid, to_lps

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_TILT_DEG = 30.0
"""Up to this tilt the planes of the grid itself count as axial.

Radiologists measure on acquired slices, and axial scans are commonly tilted by 5 to 25 degrees
along a line of the skull or brain (orbitomeatal, AC-PC, hard palate).
"""

Cut = Callable[["NDArray[Any]", Grid, Grid], "NDArray[Any]"]
_OFF = (0.2113, 0.1371, 0.0733)


@dataclass(frozen=True, eq=False)
class AxialStack:
    """A stack of planes that count as axial.

    Attributes
    ----------
    array : ndarray, shape (z, y, x)
        Planes from feet to head.
    grid : Grid
        Of ``array``.
    tilt_deg : float
        Angle between the patient's axial plane and the plane of the source grid nearest to it.
    """

    array: NDArray[Any]
    grid: Grid
    tilt_deg: float


def axial_tilt_deg(grid: Grid) -> float:
    """Return the angle between the axial plane and the nearest plane of a grid's voxels.

    The nearest plane is the one whose normal index axis runs nearest to feet-head when each
    index axis is paired with one patient axis (`napari_acs.imaging.orient.lps_axes`).
    """
    upward = lps_grid(grid).direction[8]
    return math.degrees(math.acos(min(1.0, max(-1.0, upward))))


def slice_mm(grid: Grid) -> float:
    """Return the distance in mm of the planes that `axial_stack` returns for a grid."""
    return lps_grid(grid).spacing[2] if axial_tilt_deg(grid) <= MOST_TILT_DEG else min(grid.spacing)


def nearest(array: NDArray[Any], grid: Grid, target: Grid) -> NDArray[Any]:
    """Give each voxel of ``target`` the value of the voxel of ``array`` that it lies in."""
    done = np.zeros(target.shape, array.dtype)
    last = np.reshape(array.shape, (3, 1)) - 1
    steps = np.reshape([array.shape[1] * array.shape[2], array.shape[2], 1], (3, 1))
    flat = np.ascontiguousarray(array).ravel()
    for k, points in enumerate(planes_in(grid, target)):
        at = np.rint(points).astype(np.intp)
        seen = ((at >= 0) & (at <= last)).all(axis=0)
        done[k].reshape(-1)[seen] = flat[(at[:, seen] * steps).sum(axis=0)]
    return done


def planes_in(grid: Grid, target: Grid) -> Iterator[NDArray[np.float64]]:
    """Yield where the voxels of a grid's planes lie in another grid, plane by plane.

    Parameters
    ----------
    grid : Grid
    target : Grid
        Whose planes they are.

    Yields
    ------
    ndarray of float64, shape (3, rows * columns)
        Continuous indices (z, y, x) of ``grid``.
    """
    nx, ny, nz = target.size
    y, x = np.indices((ny, nx))
    index = np.stack([x.ravel(), y.ravel(), np.zeros(nx * ny)], axis=1)
    first = grid.point_to_index(target.index_to_point(index))[:, ::-1].T
    # The way from one grid to the other is linear: solved once, not for every plane.
    ends = grid.point_to_index(target.index_to_point([[0, 0, 0], [0, 0, 1]]))[:, ::-1]
    up = np.reshape(ends[1] - ends[0], (3, 1))
    for k in range(nz):
        yield first + k * up


def axial_stack(array: NDArray[Any], grid: Grid, cut: Cut = nearest) -> AxialStack:
    """Return an array's axial planes.

    Where the grid's nearest plane is tilted by no more than `MOST_TILT_DEG`, these are its own
    planes, without interpolation (of a sagittal or coronal scan, its reformatted planes). Where
    it is tilted further, exactly axial planes are cut, with cubic voxels of the grid's smallest
    spacing.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
    grid : Grid
        Of the array.
    cut : callable
        Gives the voxels of a grid their values. `nearest` moves borders by up to half a voxel of
        the source, which is enough to look at, but not to measure:
        `napari_acs.review.measure.between_planes.cut_shape`.

    Returns
    -------
    AxialStack
    """
    tilt = axial_tilt_deg(grid)
    if tilt <= MOST_TILT_DEG:
        return AxialStack(to_lps(array, grid), lps_grid(grid), tilt)
    along = upright(grid)
    return AxialStack(cut(array, grid, along), along, tilt)


def upright(grid: Grid) -> Grid:
    """Return a grid along the patient's axes that holds every voxel of another."""
    side = min(grid.spacing)
    corners = grid.corners()
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    half = np.abs(np.reshape(grid.direction, (3, 3))) @ np.asarray(grid.spacing) / 2
    reach = corners.max(axis=0) - middle + half
    # About the middle, where no flip of the source moves it, but a bit off: points that are as
    # near to one voxel as to another would go with the order of the axes.
    middle += np.array(_OFF) * side
    sizes = [2 * math.ceil(r / side) + 3 for r in reach.tolist()]
    x, y, z = (middle - side * (np.asarray(sizes) - 1) / 2).tolist()
    nx, ny, nz = sizes
    return Grid((nx, ny, nz), (side,) * 3, (x, y, z), (1, 0, 0, 0, 1, 0, 0, 0, 1))
