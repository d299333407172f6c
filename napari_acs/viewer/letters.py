"""Which side of the patient is at which edge of the canvas.

Computed from the file's own direction cosines and from how the camera holds the axes now, so that
the letters stay true whatever napari's roll, transpose, flip and 3D buttons do. An oblique volume
gets combined letters as DICOM viewers write them, the nearest direction first: ``AS`` is mostly
anterior, partly superior.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging import lps_grid
from napari_acs.imaging.letters import SMALLEST_COSINE, letters_along
from napari_acs.viewer.display import is_placed
from napari_acs.viewer.info import PLANE, info_in, is_diagonal
from napari_acs.viewer.views import spatial_order

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_acs.imaging import Grid


@dataclass(frozen=True)
class Edges:
    """The letters at the four edges of the canvas."""

    top: str = ""
    bottom: str = ""
    left: str = ""
    right: str = ""


NO_LETTERS = Edges()
_AXIAL_ORDER = (0, 1, 2)
_IN_PLANE = 0.5


def edges(
    grid: Grid,
    displayed: Sequence[int],
    orientation: Sequence[Any],
    look: tuple[ArrayLike, ArrayLike] | None = None,
) -> Edges:
    """Return the letters for a grid's LPS-ordered array.

    Parameters
    ----------
    grid : Grid
        Of the stored array, in the source file's own voxel order.
    displayed : sequence of int
        The displayed axes (of z, y, x: 0, 1, 2), the horizontal one last.
    orientation : sequence of str
        Where they point: depth (towards, away), vertical (up, down), horizontal (left, right).
    look : tuple of array-like, optional
        In 3D: the camera's view direction and up direction, along the displayed axes.
    """
    towards, down, leftwards = (
        -1.0 if str(word) in {"towards", "down", "left"} else 1.0 for word in orientation
    )
    if look is None:
        up, right = np.array([down, 0.0]), np.array([0.0, leftwards])
    else:
        up = np.asarray(look[1], float)
        right = np.cross(np.asarray(look[0], float), up) * towards * down * leftwards
    patient = np.reshape(lps_grid(grid).direction, (3, 3))[:, ::-1]  # columns: z, y, x
    shown: NDArray[np.float64] = patient[:, list(displayed)]
    return Edges(
        top=letters_along(shown @ up),
        bottom=letters_along(shown @ -up),
        left=letters_along(shown @ -right),
        right=letters_along(shown @ right),
    )


def grids_on_canvas(layers: Iterable[Any]) -> tuple[Grid, ...]:
    """Return the grids of the visible volumes, or nothing where one's place is not known.

    A volume that napari-acs did not open, or that was moved or turned since, has no letters, and
    neither has anything shown together with it: none are better than wrong ones. Masks count
    only where no image is visible.
    """
    from napari.layers import Image, Labels  # noqa: PLC0415 (napari is slow)

    visible = [layer for layer in layers if layer.visible]
    images = [layer for layer in visible if isinstance(layer, Image)]
    shown = images or [layer for layer in visible if isinstance(layer, Labels)]
    grids = [_true_grid(layer) for layer in shown]
    return () if None in grids else tuple(grid for grid in grids if grid is not None)


def grids_in_view(viewer: Any) -> tuple[Grid, ...]:
    """Return the grids of what a viewer shows: of an axial plane that was cut, its own alone.

    Such a plane lies beyond the last slice of its scan (`napari_acs.viewer.axial_view`).
    """
    planes = [layer for layer in viewer.layers if PLANE in layer.metadata]
    if planes and viewer.dims.ndisplay == 2 and spatial_order(viewer.dims.order) == _AXIAL_ORDER:
        point = viewer.dims.point
        for layer in planes:
            if layer.visible and abs(layer.world_to_data(point)[-3]) <= _IN_PLANE:
                return (layer.metadata[PLANE],)
    return grids_on_canvas(layer for layer in viewer.layers if layer not in planes)


def edges_on_canvas(viewer: Any) -> Edges:
    """Return the letters that are true of everything the viewer shows; none where none are.

    Volumes that are tilted differently share the letters that both have: ``A`` of ``AS`` and
    ``A``.
    """
    dims, camera = viewer.dims, viewer.scene.camera
    order = spatial_order(dims.order)
    grids = grids_in_view(viewer)
    if order is None or not grids:
        return NO_LETTERS
    look = (camera.view_direction, camera.up_direction) if dims.ndisplay == 3 else None
    each = [edges(g, order[-dims.ndisplay :], camera.orientation, look) for g in grids]
    return Edges(*map(_shared, zip(*map(astuple, each), strict=True)))


def tilt_degrees(grid: Grid) -> float:
    """Return the largest angle between a voxel axis and the patient axis nearest to it."""
    cosines = np.diag(np.reshape(lps_grid(grid).direction, (3, 3)))
    return math.degrees(math.acos(min(1.0, float(cosines.min()))))


def tilt_note(viewer: Any) -> str:
    """Say that what is shown is tilted, where two letters stand for one; else nothing."""
    tilt = max(map(tilt_degrees, grids_in_view(viewer)), default=0.0)
    if math.sin(math.radians(tilt)) <= SMALLEST_COSINE:
        return ""
    return (
        f"The slices are tilted by {tilt:.0f}° in the patient and are shown as they were taken. "
        "Two letters name one edge, the nearer direction first."
    )


def _shared(side: Sequence[str]) -> str:
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*side, strict=False))
    return "".join(letters[0] for letters in same)


def _true_grid(layer: Any) -> Grid | None:
    info = info_in(layer.metadata)
    if info is None or layer.ndim != 3 or getattr(layer, "multiscale", False):
        return None
    if not is_diagonal(layer):
        return None
    placed = is_placed(info.grid, layer.data.shape, layer.scale, layer.translate)
    return info.grid if placed else None
