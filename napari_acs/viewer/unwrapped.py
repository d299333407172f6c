"""The viewer itself, where napari hands a plugin a proxy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.viewer import Viewer


def unwrapped(viewer: Viewer) -> Viewer:
    """Return the viewer that a proxy stands for; a viewer that is none is returned as it is.

    ``Plugins > ...`` hands a widget a proxy, and most of what is had through it is a new proxy
    each time: the selected layer, a layer that was just added. Such a layer *equals* the one in
    the list and in events but *is* not it, and a weak reference to it is dead at once. So a panel
    would go on showing, and saving, the mask of a patient that was closed.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Or napari's proxy of one.
    """
    return getattr(viewer, "__wrapped__", viewer)
