"""Move the view to a point in the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging import lps_grid
from napari_acs.viewer.crosshair import pixel_of
from napari_acs.viewer.display import placement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_acs.imaging import Grid


def displayed_point(grid: Grid, point_mm: Sequence[float]) -> tuple[float, ...]:
    """Return where the voxel at a point of the patient is displayed: z, y, x in the world.

    The world of the canvas is not that of the patient where a grid is oblique: see
    `napari_acs.viewer.display`.

    Parameters
    ----------
    grid : Grid
        Of a displayed volume.
    point_mm : sequence of float
        x, y, z in LPS.
    """
    place = placement(grid)
    index = np.rint(lps_grid(grid).point_to_index([point_mm])[0])[::-1]
    return tuple((index * place["scale"] + place["translate"]).tolist())


def look_at(viewer: Any, grid: Grid, point_mm: Sequence[float]) -> None:
    """Show the slices through a point; the camera moves where the point is off the canvas.

    Linked views show the same point as the viewer does.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    grid : Grid
        Of the volume that the point was found in.
    point_mm : sequence of float
        x, y, z in LPS.
    """
    dims = viewer.dims
    if dims.ndim < 3:
        return
    world = displayed_point(grid, point_mm)
    dims.point = (*dims.point[:-3], *world)  # at once: linked views follow every change
    shown = tuple(dims.point[axis] for axis in dims.displayed)
    camera = viewer.scene.camera
    if dims.ndisplay == 3:
        camera.center = shown
    elif not _on_canvas(viewer):
        camera.center = (0.0, *shown)


def _on_canvas(viewer: Any) -> bool:
    pixel, size = pixel_of(viewer), viewer.canvas.size
    return all(0 <= at < most for at, most in zip(pixel, size, strict=True))
