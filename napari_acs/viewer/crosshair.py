"""A crosshair at the point where the sliders stand; a click moves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

_GAP = 9.0
"""Pixels left open around the point: what is looked at must not be covered."""
_STILL = 3.0
"""A press that moved no further than this many pixels is a click, not a pan."""

Pixel = tuple[float, float]
Line = tuple[Pixel, Pixel]


def pixel_of(viewer: Any) -> Pixel:
    """Return where the point of the sliders is on a 2D canvas: pixels down and to the right."""
    camera = viewer.scene.camera
    height, width = viewer.canvas.size
    _, vertical, horizontal = (str(word) for word in camera.orientation)
    down, right = (
        viewer.dims.point[axis] - middle
        for axis, middle in zip(viewer.dims.displayed, camera.center[-2:], strict=True)
    )
    return (
        height / 2 + down * camera.zoom * (1 if vertical == "down" else -1),
        width / 2 + right * camera.zoom * (1 if horizontal == "right" else -1),
    )


def lines_through(pixel: Pixel, size: Sequence[int]) -> tuple[Line, ...]:
    """Return four lines from a pixel to the edges of a canvas, open around the pixel."""
    y, x = pixel
    height, width = size
    return (
        ((y, min(0.0, x)), (y, x - _GAP)),
        ((y, x + _GAP), (y, max(float(width), x))),
        ((min(0.0, y), x), (y - _GAP, x)),
        ((y + _GAP, x), (max(float(height), y), x)),
    )


class Crosshair:
    """Draws the crosshair of a viewer while it is on, and moves it to where the user clicks.

    Drawn with overlays, which are no layers. A click moves it only while the selected layer's
    tool is pan and zoom: it never gets in the way of a brush.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        A window's viewer, or the model of another canvas.
    """

    def __init__(self, viewer: Any) -> None:
        # napari's zoom box: its one overlay with corners in pixels; a box without height is a line
        from napari.components.overlays import ZoomOverlay  # noqa: PLC0415 (napari is slow)

        self._viewer = viewer
        self._overlays = tuple(ZoomOverlay(opacity=0.6) for _ in range(4))
        for index, overlay in enumerate(self._overlays):
            viewer.canvas.overlays[_key(index)] = overlay
        for event in self._moving():
            event.connect(self.update)
        viewer.mouse_drag_callbacks.append(self._on_press)
        self.update()

    def update(self, event: Any = None) -> None:
        """Draw the lines where the point is now."""
        dims = self._viewer.dims
        shown = dims.ndisplay == 2 and len(self._viewer.layers) > 0 and dims.ndim >= 3
        if shown and not self._viewer.canvas.grid.enabled:
            lines = lines_through(pixel_of(self._viewer), self._viewer.canvas.size)
            for overlay, line in zip(self._overlays, lines, strict=True):
                overlay.position = line
                overlay.visible = True
        else:
            for overlay in self._overlays:
                overlay.visible = False

    def close(self) -> None:
        """Take the crosshair off the canvas."""
        for event in self._moving():
            event.disconnect(self.update)
        if self._on_press in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._on_press)
        for index in range(len(self._overlays)):
            self._viewer.canvas.overlays.pop(_key(index), None)

    def _moving(self) -> tuple[Any, ...]:
        dims, camera = self._viewer.dims.events, self._viewer.scene.camera.events
        layers, canvas = self._viewer.layers.events, self._viewer.canvas
        return (
            *(dims.point, dims.order, dims.ndisplay, dims.ndim),
            *(camera.center, camera.zoom, camera.orientation),
            *(layers.inserted, layers.removed, canvas.events.size, canvas.grid.events.enabled),
        )

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        active = viewer.layers.selection.active
        tool = str(getattr(active, "mode", "pan_zoom"))
        if viewer.dims.ndisplay != 2 or event.button != 1 or tool != "pan_zoom" or event.modifiers:
            return
        if not viewer.scene.camera.mouse_pan:
            return  # a tool of ours has the mouse
        start = event.pos
        yield
        while event.type == "mouse_move":
            yield
        y, x = abs(event.pos[0] - start[0]), abs(event.pos[1] - start[1])
        if max(y, x) <= _STILL:
            viewer.dims.point = event.position


def _key(index: int) -> str:
    return f"napari_acs_crosshair_{index}"
