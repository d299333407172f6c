"""How a volume lies on napari's canvas.

napari slices along array axes and ignores a rotation, so a volume is shown as an LPS-ordered
array (axes superior, posterior, left) with its spacing as scale and its first voxel's world
point as translate. Only axes are swapped and reversed (`napari_acs.imaging.to_lps`): no voxel is
resampled, and `from_lps` is the exact way back. In the axial view the patient's left is then on
the right of the screen and anterior is up, as in radiology.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging import lps_grid

if TYPE_CHECKING:
    from napari_acs.imaging import Grid

UNITS = ("mm", "mm", "mm")
AXIS_LABELS = ("axial", "coronal", "sagittal")
"""Of the displayed axes z, y, x: the plane that a step along each axis moves."""


def placement(grid: Grid) -> dict[str, Any]:
    """Return the layer attributes that place a grid's LPS-ordered array in the world, in mm."""
    shown = lps_grid(grid)
    return {
        "scale": shown.spacing[::-1],
        "translate": shown.origin[::-1],
        "units": UNITS,
        "axis_labels": AXIS_LABELS,
    }


def is_placed(grid: Grid, shape: Any, scale: Any, translate: Any) -> bool:
    """Whether a layer lies where a grid is displayed, to a thousandth of a voxel."""
    shown = lps_grid(grid)
    if tuple(shape) != shown.shape or len(scale) != 3 or len(translate) != 3:
        return False
    size = np.array(shown.spacing[::-1])
    shift = np.abs(np.subtract(translate, shown.origin[::-1]))
    return bool(np.allclose(scale, size, rtol=1e-3, atol=0) and np.all(shift <= 1e-3 * size))


def same_place(one: Any, other: Any) -> bool:
    """Whether two layers have the same voxels at the same points, to a thousandth of a voxel."""
    if tuple(one.data.shape) != tuple(other.data.shape) or one.ndim != other.ndim:
        return False
    size = np.abs(one.scale)
    near = bool(np.all(np.abs(np.subtract(one.translate, other.translate)) <= 1e-3 * size))
    return near and np.allclose(one.scale, other.scale, rtol=1e-3, atol=0)
