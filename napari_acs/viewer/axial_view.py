"""The axial plane of a tilted scan as layers: beyond the last slice, where it hides nothing.

napari shows a scan's own slices, and lines of an axial plane cross those. So the plane is cut, and
stands on the canvas two slices after the scan's last one, its middle where the lines are seen on
the scan; its true grid is in the layers' metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.metrics import surface
from napari_acs.review.measure.axial_plane import cut
from napari_acs.viewer.correcting import nesting_in
from napari_acs.viewer.info import OVERLAY, PLANE
from napari_acs.viewer.make_layer import make_layer
from napari_acs.viewer.measuring import grid_of

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid
    from napari_acs.viewer.measuring import Measured

NAME = "axial plane"
_LOOKS = ("colormap", "contrast_limits", "gamma", "interpolation2d")
_SHOWS_BEST = {"WT": ("flair", "t2", "t1ce", "t1"), "": ("t1ce", "t1", "flair", "t2")}


@dataclass(frozen=True, eq=False)
class AxialView:
    """A plane's grid, its place on the canvas, and the layers that show it."""

    grid: Grid
    place: Mapping[str, Any]
    layers: tuple[Layer, ...]


def best_image(images: Mapping[str, Image], region: str) -> Image | None:
    """Return the image that shows a region best, of those whose voxels are in memory."""
    order = _SHOWS_BEST.get(region, _SHOWS_BEST[""])
    there = (images[name] for name in order if name in images)
    return next((each for each in there if isinstance(each.data, np.ndarray)), None)


def axial_view(
    measured: Measured, region: str, mask: Labels, lines: list[NDArray[np.float64]],
    image: Image | None,
) -> AxialView:  # fmt: skip
    """Cut the plane of a region's diameters.

    Parameters
    ----------
    measured : Measured
        With that plane.
    region : str
    mask : Labels
        What was measured, for colours and the place on the canvas.
    lines : list of ndarray, shape (2, 3)
        The diameters, as indices (z, y, x) of the mask's array.
    image : Image, optional
        What is shown in the plane; without one the mask alone.
    """
    from napari.layers import Image  # noqa: PLC0415 (napari is slow)

    shot, plane = measured.request.mask, measured.planes[region].grid
    place = _place(mask, shot.grid, plane, lines[0].mean(axis=0))
    shared = {**place, "metadata": {OVERLAY: True, PLANE: plane}}
    layers: list[Layer] = []
    if image is not None:
        as_image = {each: getattr(image, each) for each in _LOOKS}
        pixels = cut(image.data, grid_of(image), plane)
        layers.append(Image(pixels, **shared, name=NAME, **as_image))
    seen = measured.planes[region].region
    if image is not None:
        seen = surface(seen, (1, 2))
    nesting = nesting_in(mask)
    labels = seen * np.uint8(nesting.values[nesting.level(region) - 1])
    looks = {"colormap": mask.colormap, "opacity": mask.opacity}
    described = labels, {**shared, "name": f"{NAME}, mask", **looks}, "labels"
    layers.append(make_layer(described))
    for layer in layers:
        layer.editable = False
    return AxialView(plane, place, tuple(layers))


def _place(mask: Labels, grid: Grid, plane: Grid, middle: NDArray[np.float64]) -> dict[str, Any]:
    scale = np.array([mask.scale[-3], *plane.spacing[1::-1]])
    seen = np.asarray(mask.data_to_world(middle))[-3:]
    here = plane.point_to_index(grid.index_to_point([middle[::-1]]))[0, ::-1]
    translate = seen - here * scale
    translate[0] = mask.translate[-3] + mask.scale[-3] * (mask.data.shape[-3] + 1)
    return {
        "scale": scale,
        "translate": translate,
        "units": mask.units[-3:],
        "axis_labels": mask.axis_labels[-3:],
    }


def moved_to(
    lines: list[NDArray[np.float64]], grid: Grid, other: Grid
) -> list[NDArray[np.float64]]:
    """Return lines (2, 3), indices (z, y, x) of one grid's array, as those of another's."""
    return [
        other.point_to_index(grid.index_to_point(line[:, ::-1]))[:, ::-1].copy() for line in lines
    ]
