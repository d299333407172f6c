"""Which voxels of a resampled volume were imaged, and which only fill its new grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.grid import Grid
from napari_acs.imaging.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLED = "resampled"
"""The name of the step that brings a volume to another grid."""


def grid_record(grid: Grid) -> dict[str, Any]:
    """Return a grid as JSON-ready data."""
    return {
        "size": list(grid.size),
        "spacing_mm": list(grid.spacing),
        "origin_mm": list(grid.origin),
        "direction": list(grid.direction),
    }


def imaged(volume: Volume) -> NDArray[np.bool_] | None:
    """Return which voxels lie in the field of view that the scanner saw.

    Outside it a resampled volume is filled with its background, which must not be taken for
    dark tissue.

    Returns
    -------
    ndarray of bool, shape (z, y, x), or None
        None where every voxel was imaged: the volume was never resampled. After several
        resamplings a voxel must lie in every field of view on the way.
    """
    seen: NDArray[np.bool_] | None = None
    back = np.eye(4)
    for step in reversed(volume.history):
        if step.name != RESAMPLED:
            continue
        was = step.details["from_grid"]
        source = Grid(was["size"], was["spacing_mm"], was["origin_mm"], tuple(was["direction"]))
        back = np.asarray(step.details["matrix"], np.float64) @ back
        there = inside(source, volume.grid, back)
        seen = there if seen is None else seen & there
    return seen


def inside(source: Grid, target: Grid, matrix: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which voxels of ``target`` have their centre inside a voxel of ``source``.

    Parameters
    ----------
    source, target : Grid
    matrix : ndarray, shape (4, 4)
        Point of target to point of source, LPS mm.

    Returns
    -------
    ndarray of bool, shape (z, y, x) of ``target``
    """
    whole = np.linalg.inv(source.affine) @ matrix @ target.affine
    nx, ny, nz = target.size
    x, y, z = np.ogrid[:nx, :ny, :nz]
    seen = np.ones((nz, ny, nx), bool)
    for row, length in zip(whole[:3], source.size, strict=True):
        # Index along one axis of source, for every voxel; a hair of slack for rounding.
        index = (row[0] * x + row[1] * y + row[2] * z + row[3]).transpose(2, 1, 0)
        seen &= (index >= -0.5 - 1e-6) & (index <= length - 0.5 + 1e-6)
    return seen
