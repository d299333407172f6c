"""An outline that the user draws over a mask: a Shapes layer, and the polygon in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.correct import Box

if TYPE_CHECKING:
    from napari.layers import Labels, Shapes
    from numpy.typing import NDArray

NAME = "outline"
_FLAT = 1e-3


def outline_layer(over: Labels) -> Shapes:
    """Return an empty Shapes layer that lies on a mask, ready to draw a polygon in."""
    from napari.layers import Shapes  # noqa: PLC0415 (napari is slow)

    return Shapes(
        ndim=3,
        name=NAME,
        scale=over.scale[-3:],
        translate=over.translate[-3:],
        units=over.units[-3:],
        axis_labels=over.axis_labels[-3:],
        edge_color="#00e5ff",
        face_color=[0, 0.9, 1, 0.15],
        edge_width=0.5,
    )


def outline_in(layer: Shapes | None, axis: int) -> NDArray[np.float64]:
    """Return the last polygon of a layer as corners (n, 2) seen along an axis.

    Raises
    ------
    BadInput
        Nothing was drawn, or not in a slice along this axis.
    """
    if layer is None or not len(layer.data):
        raise BadInput(
            "No outline is drawn", do="Click 'Draw outline', and draw around a place on the image"
        )
    corners = np.asarray(layer.data[-1], float)[:, -3:]
    if np.ptp(corners[:, axis]) > _FLAT:
        raise BadInput(
            "The outline was drawn in another view",
            do="Go back to the view that it was drawn in, or draw it again in this one",
        )
    return np.delete(corners, axis, axis=1)


def box_around(corners: NDArray[np.float64], axis: int, depth: tuple[int, int], shape: Any) -> Box:
    """Return the box (z, y, x) around an outline, from the first slice to before the last.

    Raises
    ------
    BadInput
        It lies outside the mask.
    """
    others = [i for i in range(3) if i != axis]
    bounds = [slice(*depth)] * 3
    for side, i in enumerate(others):
        low = max(0, int(np.ceil(corners[:, side].min())))
        high = min(shape[i], int(np.floor(corners[:, side].max())) + 1)
        if low >= high:
            raise BadInput("The outline holds no voxel of the mask", do="Draw it on the image")
        bounds[i] = slice(low, high)
    return bounds[0], bounds[1], bounds[2]
