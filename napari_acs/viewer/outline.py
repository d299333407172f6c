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
_DIGITS = 6
_SIDES = 120
"""Of a polygon in place of an ellipse: off by a thousandth of its radius at most."""


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


def outline_in(layer: Shapes | None, axis: int, over: Labels) -> NDArray[np.float64]:
    """Return the last shape of a layer as corners (n, 2) seen along an axis of a mask.

    Parameters
    ----------
    layer : Shapes or None
        It stays where it was drawn, whichever mask is corrected now.
    axis : int
    over : Labels
        The mask, whose voxel indices the corners are.

    Raises
    ------
    BadInput
        Nothing was drawn, or not in a slice along this axis.
    """
    if layer is None or not len(layer.data):
        raise BadInput(
            "No outline is drawn", do="Click 'Draw outline', and draw around a place on the image"
        )
    drawn = np.asarray(layer.data[-1], float)
    if layer.shape_type[-1] == "ellipse":
        drawn = _round(drawn)
    world = [layer.data_to_world(corner)[-3:] for corner in drawn]
    # There and back is a rounding off, and a voxel's centre on the outline is inside.
    corners = np.round([over.world_to_data(point)[-3:] for point in world], _DIGITS)
    if np.ptp(corners[:, axis]) > _FLAT:
        raise BadInput(
            "The outline was drawn in another view",
            do="Go back to the view that it was drawn in, or draw it again in this one",
        )
    return np.delete(corners, axis, axis=1)


def _round(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an ellipse, of which napari gives the box around it, as a polygon."""
    middle = corners.mean(axis=0)
    along, across = (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    turn = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)[:, None]
    round_: NDArray[np.float64] = middle + np.cos(turn) * along + np.sin(turn) * across
    return round_


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
