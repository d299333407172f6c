"""Diameters of an axial plane as they are seen on a tilted scan, whose slices they cross."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.viewer.diameters import ON_SCAN, colours, diameters_layer, place_of, projected

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer
    from numpy.typing import NDArray


class LinesOnScan:
    """A layer with the lines' projections on slices, in 3D with the lines themselves.

    They are to be looked at, and follow the lines that are dragged in the plane.
    """

    def __init__(self, viewer: Viewer, mask: Labels, lines: list[NDArray[np.float64]]) -> None:
        self._viewer, self._lines = viewer, lines
        self._layer = diameters_layer(place_of(mask), self._shown(), ON_SCAN, len(lines))
        viewer.add_layer(self._layer)
        self._layer.editable = False
        viewer.dims.events.ndisplay.connect(self._draw)

    def show(self, lines: list[NDArray[np.float64]]) -> None:
        """Show these lines (2, 3), indices (z, y, x) of the mask's array."""
        same = len(lines) == len(self._lines) and np.allclose(lines, self._lines)
        if not same:
            self._lines = lines
            self._draw()

    def end(self) -> None:
        """Take them away."""
        self._viewer.dims.events.ndisplay.disconnect(self._draw)
        if self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)

    def _shown(self) -> list[NDArray[np.float64]]:
        return self._lines if self._viewer.dims.ndisplay == 3 else projected(self._lines)

    def _draw(self, event: Any = None) -> None:
        shown = self._shown()
        self._layer.data = shown
        self._layer.edge_color = colours(shown, len(self._lines))
