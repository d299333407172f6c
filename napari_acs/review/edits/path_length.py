"""Added path length: how much contour a reader had to draw."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging.metrics import surface
from napari_acs.imaging.orient import lps_axes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid


@dataclass(frozen=True)
class PathLength:
    """Contour of a corrected mask that is not contour of the prediction.

    Attributes
    ----------
    voxels : int
        Contour voxels, over all planes.
    mm : float
        ``voxels`` by the in-plane voxel side (Vaassen's pixel size; of pixels that are not
        square, the root of their area). Diagonal steps count as straight ones, so an oblique
        contour comes out up to 0.71 times its true length.
    """

    voxels: int
    mm: float


def added_path_length(
    predicted: NDArray[np.bool_], corrected: NDArray[np.bool_], grid: Grid
) -> PathLength:
    """Measure the contour that was added (Vaassen 2020, Phys Imaging Radiat Oncol 13:1).

    Plane by plane, in the planes of the grid that run nearest to axial: voxels of the corrected
    mask's contour that are not on the prediction's contour. A contour voxel has one of its four
    neighbours in the plane outside the mask (or outside the image). No tolerance, as in the
    script of the paper's author (calculatePathLength.m in github.com/danielslobUM/pyAPL), which
    draws contours from points; platipy counts voxels of masks, as here. Taking a region away
    altogether adds no contour and costs nothing here.

    Parameters
    ----------
    predicted, corrected : ndarray of bool, shape (z, y, x)
    grid : Grid
        Of both; only its spacing and direction are used.

    Returns
    -------
    PathLength
    """
    order, _ = lps_axes(grid)
    in_plane = tuple(2 - axis for axis in order[:2])  # of the array's axes (z, y, x)
    added = surface(corrected, in_plane) & ~surface(predicted, in_plane)
    voxels = int(np.count_nonzero(added))
    across, along = grid.spacing[order[0]], grid.spacing[order[1]]
    return PathLength(voxels, voxels * math.sqrt(across * along))
