"""One axial plane of a scan that is tilted, cut anew: where its diameters were measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_acs.review.boxes import bounding_box
from napari_acs.review.measure.axial import upright
from napari_acs.review.measure.between_planes import cut_shape

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_acs.imaging.grid import Grid

AROUND_MM = 80.0
"""So much of the scan is shown on all sides of a diameter."""


@dataclass(frozen=True, eq=False)
class AxialPlane:
    """The axial plane in which a region's diameter was measured.

    Attributes
    ----------
    grid : Grid
        One plane: its size along z is 1.
    region : ndarray of bool, shape (1, rows, columns)
        The region in it.
    """

    grid: Grid
    region: NDArray[np.bool_]


def plane_through(
    region: NDArray[np.bool_], grid: Grid, points: ArrayLike, scan: Grid
) -> AxialPlane:
    """Cut the axial plane in which a region's diameter was measured.

    Its pixels are those that the diameter was measured on
    (`napari_acs.review.measure.axial.axial_stack` of the region), and the same further out, up to
    the corners of the scan or `AROUND_MM` from the diameter.

    Parameters
    ----------
    region : ndarray of bool, shape (z, y, x)
        Not empty.
    grid : Grid
        Of ``region``, which may be a part of the scan: that is faster.
    points : array-like of float, shape (n, 3)
        The ends of the diameter, LPS mm.
    scan : Grid
        Of the whole scan.

    Returns
    -------
    AxialPlane
    """
    box = bounding_box(region)
    assert box is not None
    pixels = upright(grid.crop(box))
    ends, corners = pixels.point_to_index(points), pixels.point_to_index(scan.corners())
    reach = AROUND_MM / pixels.spacing[0]
    low = np.floor(np.maximum(ends.min(axis=0) - reach, corners.min(axis=0))).astype(int)
    high = np.ceil(np.minimum(ends.max(axis=0) + reach, corners.max(axis=0))).astype(int)
    level = int(np.rint(ends[0, 2]))
    x, y = (high - low + 1)[:2].tolist()
    plane = pixels.moved([low[0], low[1], level], (x, y, 1))
    return AxialPlane(plane, cut_shape(region[box].astype(np.int32), grid.crop(box), plane) > 0)


def cut(array: NDArray[Any], grid: Grid, plane: Grid) -> NDArray[np.float32]:
    """Return an image's values in a plane, between voxels by their neighbours (linearly).

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
    grid : Grid
        Of ``array``.
    plane : Grid
        Of an `AxialPlane`.

    Returns
    -------
    ndarray of float32, shape (1, rows, columns)
        0 beyond the image.
    """
    _, y, x = np.indices(plane.shape)
    pixels = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    at = grid.point_to_index(plane.index_to_point(pixels))[:, ::-1].T
    last = np.reshape(array.shape, (3, 1)) - 0.5
    beyond = ((at < -0.5) | (at > last)).any(axis=0)
    values = ndimage.map_coordinates(array, at, np.float32, order=1, mode="nearest")
    values[beyond] = 0
    found: NDArray[np.float32] = values.reshape(plane.shape)
    return found
