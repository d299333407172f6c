"""The three planes as radiology shows them, and the switch between them.

Volumes lie on the canvas in LPS order (see `napari_acs.viewer.display`): the axes z, y, x run to
superior, posterior and left. What is up and what is right on the screen is the camera's affair
alone, so no array is turned and no voxel is resampled. Every view is seen as a radiologist does:

======== ============ ============= ==========
plane    up           right         seen from
======== ============ ============= ==========
axial    anterior     left          the feet
coronal  superior     left          the front
sagittal superior     posterior     the left
======== ============ ============= ==========
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from napari_acs.viewer.framing import fit_to_shown

Orientation = tuple[str, str, str]
"""Where the displayed axes point on the screen: depth, vertical, horizontal (napari's order)."""


@dataclass(frozen=True)
class View:
    """One plane: its name, the axes (of z, y, x) it displays last, and how the camera holds them.

    The depth matters in 3D, where a wrong one shows the patient in a mirror (napari's default
    does, for an array in LPS order).
    """

    name: str
    order: tuple[int, int, int]
    orientation: Orientation

    @property
    def title(self) -> str:
        """The name as a button says it."""
        return self.name.capitalize()


AXIAL = View("axial", (0, 1, 2), ("away", "down", "right"))
CORONAL = View("coronal", (1, 0, 2), ("away", "up", "right"))
SAGITTAL = View("sagittal", (2, 0, 1), ("towards", "up", "right"))
VIEWS: Mapping[str, View] = MappingProxyType({v.name: v for v in (AXIAL, CORONAL, SAGITTAL)})

_CLOSER = 1.05
"""A view this much nearer than the fitted one was zoomed by the user, who then keeps the zoom."""


def orientation_of(order: Sequence[int]) -> Orientation:
    """Return how the camera must hold the last three axes so that no view is a mirror image.

    Parameters
    ----------
    order : sequence of int
        Of the axes z, y, x (0, 1, 2): any of the six. napari's roll and transpose buttons reach
        those too in which a plane lies on its side; it is then turned, not mirrored.
    """
    first = next(view for view in VIEWS.values() if view.order[0] == order[0])
    if first.order == tuple(order):
        return first.orientation
    depth, vertical, horizontal = first.orientation
    return depth, "down" if vertical == "up" else "up", horizontal


def view_of(viewer: Any) -> View | None:
    """Return the plane on the canvas, or None in 3D and for a plane that lies on its side."""
    if viewer.dims.ndisplay != 2:
        return None
    order = spatial_order(viewer.dims.order)
    return next((view for view in VIEWS.values() if view.order == order), None)


def spatial_order(order: Sequence[int]) -> tuple[int, ...] | None:
    """Return the order of the last three axes as 0, 1, 2, or None where others are displayed."""
    lead = len(order) - 3
    last = tuple(axis - lead for axis in order[-3:])
    return last if lead >= 0 and min(last) >= 0 else None


def show_view(viewer: Any, name: str) -> None:
    """Show a plane, held as in radiology, through the point where the sliders stand.

    The new plane is fitted to the canvas; if the old one had been zoomed into, the new one is
    zoomed by as much, around that point.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        Nothing happens while it shows fewer than three dimensions.
    name : str
        ``"axial"``, ``"coronal"`` or ``"sagittal"``.
    """
    dims, camera = viewer.dims, viewer.scene.camera
    if dims.ndim < 3:
        return
    view = VIEWS[name]
    dims.ndisplay = 2
    lead = dims.ndim - 3
    order = (*range(lead), *(axis + lead for axis in view.order))
    if dims.order == order:
        camera.orientation = view.orientation
        return
    zoom = camera.zoom
    fit_to_shown(viewer)
    closer = zoom / camera.zoom
    dims.order = order  # napari fits the new plane
    camera.orientation = view.orientation
    if closer > _CLOSER:
        camera.zoom *= closer
        camera.center = (0.0, *(dims.point[axis] for axis in dims.displayed))


def radiological(viewer: Any) -> None:
    """Hold whatever plane is on the canvas as radiology does; the axial one at the start."""
    order = spatial_order(viewer.dims.order)
    viewer.scene.camera.orientation = orientation_of(order or AXIAL.order)
