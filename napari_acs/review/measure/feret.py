"""The largest diameter of a shape in three dimensions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from napari_acs.review.measure.outline import CALIPER

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS = 512


def feret_mm(mask: NDArray[np.bool_], spacing: tuple[float, float, float]) -> float:
    """Return the largest distance between two points of a mask's surface (its Feret diameter).

    Surface points lie a quarter of a voxel outside the centres of voxels at the border, towards
    one of the six neighbours, as for the diameters in a plane. The line between them may leave
    the mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        Cropped, or it takes longer. Not empty.
    spacing : tuple of float
        Voxel size along (z, y, x), in mm; the axes are perpendicular, wherever they point.

    Returns
    -------
    float
        In mm.
    """
    mm = np.asarray(spacing, np.float64)
    step = 2 * CALIPER * mm
    points = _extremes(mask) * mm
    largest = 0.0
    for first in range(0, len(points), _ROWS):
        apart = np.abs(points[first : first + _ROWS, None] - points[first:])
        # Of two centres d apart, the far points along axis i are d + step_i e_i apart, and no
        # two points are further than along the best axis (a convex function on an octahedron).
        square = np.einsum("ijk,ijk->ij", apart, apart)
        square += (2 * apart * step + step**2).max(axis=-1)
        largest = max(largest, float(square.max()))
    return math.sqrt(largest)


def _extremes(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return indices (z, y, x) of voxels whose convex hull is the mask's."""
    # Of each row of voxels only the ends can be corners of the hull.
    rows = np.nonzero(mask.any(axis=2))
    lines = mask[rows]
    ends = lines.argmax(axis=1), mask.shape[2] - 1 - lines[:, ::-1].argmax(axis=1)
    points = np.concatenate([np.stack([*rows, end], axis=1) for end in ends]).astype(np.float64)
    try:
        corners = points[ConvexHull(points).vertices]
    except QhullError:  # fewer than four points, or all in one plane
        return _flat_extremes(points)
    return np.asarray(corners)


def _flat_extremes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the hull's corners of points in one plane, or all of them if in one line."""
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    try:
        corners = points[ConvexHull(centred @ axes[:2].T).vertices]
    except (QhullError, ValueError, IndexError):
        return points
    return np.asarray(corners)
