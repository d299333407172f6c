"""A mask's regions in axial planes that cross its slices, with the borders that were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_acs.review.boxes import bounding_box
from napari_acs.review.measure.axial import nearest
from napari_acs.review.measure.between_planes import cut_shape
from napari_acs.review.measure.regions import LABELS, REGIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid

_ADDS = {"WT": LABELS["ED"], "TC": LABELS["NCR"], "ET": LABELS["ET"]}


def cut_regions(labels: NDArray[np.integer], grid: Grid, target: Grid) -> NDArray[np.uint8]:
    """Cut a mask in other planes than its own; for `napari_acs.review.measure.axial.axial_stack`.

    By the nearest voxel contours would make steps of half a slice, and lie beside the diameters,
    which were measured between smooth borders (`cut_shape`). A region so small that the planes
    pass it by is shown by its nearest voxels.

    Parameters
    ----------
    labels : ndarray of int, shape (z, y, x)
        0 none, 1 NCR, 2 ED, 3 ET.
    grid : Grid
        Of ``labels``.
    target : Grid

    Returns
    -------
    ndarray of uint8, shape (z, y, x) of ``target``
    """
    made = np.zeros(target.shape, np.uint8)
    for name, values in REGIONS.items():  # from the outermost, each within the one before
        region = np.isin(labels, values)
        box = bounding_box(region)
        if box is None:
            continue
        low, there = _around(grid.crop(box), target)
        part = grid.crop(box)
        shape = cut_shape(region[box].astype(np.int32), part, there)
        if not shape.any():
            shape = nearest(region[box].astype(np.int32), part, there)
        where = tuple(slice(a, a + n) for a, n in zip(low, there.shape, strict=True))
        made[where][shape > 0] = _ADDS[name]
    return made


def _around(part: Grid, target: Grid) -> tuple[tuple[int, ...], Grid]:
    """Return the part of a grid that another one, and a voxel around it, lies in."""
    corners = target.point_to_index(part.corners())
    reach = 2 * np.max(part.spacing) / np.min(target.spacing)
    last = np.asarray(target.size) - 1
    low = np.clip(np.floor(corners.min(axis=0) - reach), 0, last).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0) + reach), 0, last).astype(int)
    x, y, z = (high - low + 1).tolist()
    return tuple(low[::-1].tolist()), target.moved(low, (x, y, z))
