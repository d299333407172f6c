"""A shape of voxels in planes that cross its own: its surface between the voxels' centres."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_acs.review.correct.distance import signed_distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid


def cut_shape(numbers: NDArray[np.integer], grid: Grid, target: Grid) -> NDArray[np.int32]:
    """Cut lesions in other planes than their own.

    The distance to the surface, below 0 outside, is interpolated linearly, so that the surface
    runs smoothly from slice to slice. The value of the nearest voxel makes steps of half a slice
    instead, and the largest diameter finds the longest: of ellipsoids with radii of 7 to 16 mm,
    turned by 32 to 50 degrees, the product of the diameters was 12.6 % too large on average with
    slices of 5 mm (25 % at most) and 3.5 % with voxels of 1 mm; here it is -1.1 % (7 %) and 1.9 %.

    Parameters
    ----------
    numbers : ndarray of int, shape (z, y, x)
        Above 0 in the lesions. What is outside the array is outside of them.
    grid : Grid
        Of ``numbers``.
    target : Grid

    Returns
    -------
    ndarray of int32, shape (z, y, x) of ``target``
        The number of the lesion; 0 outside.
    """
    cut = np.zeros(target.shape, np.int32)
    padded = np.pad(numbers, 1)
    solid, sides = padded > 0, grid.spacing[::-1]
    if not solid.any():
        return cut
    depth = signed_distance(solid, sides)
    # A point within a lesion has a voxel of it among the eight around it.
    full = np.where(solid, padded, ndimage.maximum_filter(padded, 3))
    nx, ny, nz = target.size
    y, x = np.indices((ny, nx))
    last = np.reshape(padded.shape, (3, 1)) - 1
    # Further from the surface than a voxel is across, all that is around has one sign.
    unsure = np.abs(depth) <= np.linalg.norm(sides)
    for k in range(nz):
        plane = np.stack([x.ravel(), y.ravel(), np.full(nx * ny, k)], axis=1)
        at = grid.point_to_index(target.index_to_point(plane))[:, ::-1].T + 1
        there = np.flatnonzero(((at > 0) & (at < last)).all(axis=0))
        at = at[:, there]
        nearest = tuple(np.rint(at).astype(np.intp))
        within, asked = depth[nearest] > 0, unsure[nearest]
        within[asked] = ndimage.map_coordinates(depth, at[:, asked], np.float32, order=1) >= 0
        cut[k].reshape(-1)[there[within]] = full[tuple(axis[within] for axis in nearest)]
    return cut
