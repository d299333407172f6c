"""Keeps the letters on a canvas true: four of napari's own text overlays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari_acs.viewer.info import PLANE
from napari_acs.viewer.letters import NO_LETTERS, Edges, edges_on_canvas
from napari_acs.viewer.views import radiological

_POSITIONS = {
    "top": "top_center",
    "bottom": "bottom_center",
    "left": "middle_left",
    "right": "middle_right",
}
_COLOR, _BOX = "#ffd24a", "#000000b0"  # readable on white, as of napari's light theme, too
_OF_A_LAYER = ("visible", "data", "scale", "translate", "rotate", "shear", "affine")


class ViewLetters:
    """Shows the letters of a viewer, and holds its planes as radiology does.

    Overlays are no layers: nothing is added to the layer list, selected, saved or segmented. The
    camera is turned when a volume with a known place comes up and when another plane is chosen;
    what the user does to it in between stays, and the letters follow.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        A window's viewer, or the model of another canvas.

    Attributes
    ----------
    followers : list of callable
        Called whenever the letters may have changed.
    """

    def __init__(self, viewer: Any) -> None:
        from napari.components.overlays import TextOverlay  # noqa: PLC0415 (napari is slow)

        self._viewer = viewer
        self.followers: list[Callable[[], object]] = []
        self._on = True
        self._edges = NO_LETTERS
        self._overlays = {
            side: TextOverlay(
                position=position, font_size=14, color=_COLOR, box_color=_BOX, order=10**6 + 1
            )
            for side, position in _POSITIONS.items()
        }
        for side, overlay in self._overlays.items():
            viewer.canvas.overlays[_key(side)] = overlay
        viewer.dims.events.order.connect(self._on_order)
        viewer.dims.events.point.connect(self._on_point)
        viewer.layers.events.inserted.connect(self._on_inserted)
        for event in self._redrawing():
            event.connect(self.update)
        for layer in viewer.layers:
            self._watch(layer)
        self.update()

    @property
    def edges(self) -> Edges:
        """The letters that are true now, whether they are shown or not."""
        return self._edges

    @property
    def on(self) -> bool:
        """Whether the letters are shown where they are known."""
        return self._on

    @on.setter
    def on(self, on: bool) -> None:
        self._on = on
        self.update()

    def update(self, event: Any = None) -> None:
        """Bring the letters up to date."""
        known, self._edges = self._edges != NO_LETTERS, edges_on_canvas(self._viewer)
        if not known and self._edges != NO_LETTERS:
            radiological(self._viewer)
            self._edges = edges_on_canvas(self._viewer)
        for side, overlay in self._overlays.items():
            overlay.text = getattr(self._edges, side)
            overlay.visible = self._on and bool(overlay.text)
        for changed in tuple(self.followers):
            changed()

    def close(self) -> None:
        """Take the letters off the canvas, and follow the viewer no longer."""
        self._viewer.dims.events.order.disconnect(self._on_order)
        self._viewer.dims.events.point.disconnect(self._on_point)
        self._viewer.layers.events.inserted.disconnect(self._on_inserted)
        for event in self._redrawing():
            event.disconnect(self.update)
        for layer in self._viewer.layers:
            for name in _OF_A_LAYER:
                getattr(layer.events, name).disconnect(self.update)
        for side in self._overlays:
            self._viewer.canvas.overlays.pop(_key(side), None)

    def _redrawing(self) -> tuple[Any, ...]:
        layers, camera = self._viewer.layers.events, self._viewer.scene.camera.events
        dims = self._viewer.dims.events
        return layers.removed, dims.ndisplay, dims.ndim, camera.orientation, camera.angles

    def _on_order(self, event: Any = None) -> None:
        if edges_on_canvas(self._viewer) != NO_LETTERS:
            radiological(self._viewer)
        self.update()

    def _on_point(self, event: Any = None) -> None:
        if any(PLANE in layer.metadata for layer in self._viewer.layers):
            self.update()  # a plane that was cut lies otherwise than the scan's slices

    def _on_inserted(self, event: Any) -> None:
        self._watch(event.value)
        self.update()

    def _watch(self, layer: Any) -> None:
        for name in _OF_A_LAYER:
            getattr(layer.events, name).connect(self.update)


def _key(side: str) -> str:
    return f"napari_acs_letters_{side}"
