"""A volume seen coarsely: every few voxels, in LPS order. Enough to tell what it shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.brain import foreground, is_skull_stripped
from napari_acs.imaging.orient import lps_grid, to_lps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.imaging.volume import Volume

_STEP_MM = 3.0
"""About so far apart are the voxels that are looked at: a cortex is 2.5 mm thick."""
_FEWEST = 20
"""No axis is thinned below so many voxels (where it has them): thick slices are all kept."""


@dataclass(frozen=True, eq=False)
class Coarse:
    """Some voxels of a volume, and which of them show the brain (stripped) or the head.

    Attributes
    ----------
    array : ndarray of float32, shape (z, y, x)
        In LPS order (z runs to the top of the head), thinned, not averaged.
    inside : ndarray of bool, shape (z, y, x)
        Brain or head; see `napari_acs.imaging.brain.foreground`.
    stripped : bool
        Whether the background is empty, as round an extracted brain.
    grid : Grid
        Where these voxels are.
    """

    array: NDArray[np.float32]
    inside: NDArray[np.bool_]
    stripped: bool
    grid: Grid

    @property
    def inside_ml(self) -> float:
        """How large the brain or head is, in ml."""
        return float(np.count_nonzero(self.inside)) * self.grid.voxel_ml


def coarse(volume: Volume) -> Coarse | None:
    """Thin a volume to voxels about 3 mm apart.

    Returns
    -------
    Coarse or None
        None where there is nothing to see: voxels that are no real numbers, NaN or Inf, one
        value everywhere, or fewer than four voxels along an axis.
    """
    if volume.array.dtype.kind not in "iufb" or min(volume.array.shape) < 4:
        return None
    grid = lps_grid(volume.grid)
    steps = [
        max(1, min(round(_STEP_MM / mm), n // _FEWEST))
        for mm, n in zip(grid.spacing, grid.size, strict=True)
    ]
    x, y, z = steps
    array = to_lps(volume.array, volume.grid)[::z, ::y, ::x].astype(np.float32)
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        return None
    sx, sy, sz = grid.spacing
    nz, ny, nx = array.shape
    thinned = replace(grid, size=(nx, ny, nz), spacing=(sx * x, sy * y, sz * z))
    return Coarse(np.ascontiguousarray(array), foreground(array), is_skull_stripped(array), thinned)


def eroded(inside: NDArray[Any], times: int = 1, axes: tuple[int, ...] = (1, 2)) -> NDArray[Any]:
    """Peel off the outermost voxels of a mask (z, y, x), by default within axial slices."""
    for _ in range(times):
        padded = np.pad(inside, 1)
        kept = padded.copy()
        for axis in axes:
            kept &= np.roll(padded, 1, axis) & np.roll(padded, -1, axis)
        inside = kept[1:-1, 1:-1, 1:-1]
    return inside
