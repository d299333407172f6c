"""A layer that is shown for a while, and one that is hidden meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


class Hidden:
    """Keeps in mind what to show again; outlives the widget that hid it.

    Attributes
    ----------
    instead : Layer or None
        What is shown in its place, or over all; goes when the hidden layer comes back.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._layers = viewer.layers
        self._hidden: Layer | None = None
        self.instead: Layer | None = None

    def hide(self, layer: Layer) -> None:
        """Hide a layer."""
        self._hidden = layer
        layer.visible = False

    def back(self, *_: object) -> None:
        """Make it as it was before."""
        hidden, self._hidden = self._hidden, None
        instead, self.instead = self.instead, None
        if instead is not None and instead in self._layers:
            self._layers.remove(instead)
        if hidden is not None:
            hidden.visible = True
