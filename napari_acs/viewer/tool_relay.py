"""The tool in hand on the window's mask, on a linked canvas too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from napari_acs.viewer.brush import PlaneTool

_FOLLOWED = ("mouse_pan", "cursor", "cursor_size")


class ToolRelay:
    """Hands the mouse on a linked canvas to the tool that the window's selected layer has.

    A stroke is made in the layer itself, so it is undone and saved as any other; the twin on the
    canvas shows it. Only a `PlaneTool` is handed on: napari's own paint in the window's slice.

    Parameters
    ----------
    source : napari.components.ViewerModel
        The window's viewer.
    copy : napari.components.ViewerModel
        Of the linked canvas, at the same point.
    """

    def __init__(self, source: Any, copy: Any) -> None:
        self._source, self._copy = source, copy
        self._layer: Any = None
        copy.mouse_drag_callbacks.append(self._on_press)
        source.layers.selection.events.active.connect(self._on_active)
        self._on_active()

    def close(self) -> None:
        """Hand on nothing more."""
        self._source.layers.selection.events.active.disconnect(self._on_active)
        if self._on_press in self._copy.mouse_drag_callbacks:
            self._copy.mouse_drag_callbacks.remove(self._on_press)
        self._listen(None)

    def _on_active(self, event: Any = None) -> None:
        self._listen(self._source.layers.selection.active)
        self._show_tool()

    def _listen(self, layer: Any) -> None:
        for one, act in ((self._layer, "disconnect"), (layer, "connect")):
            if one is not None:
                for name in _FOLLOWED:
                    getattr(getattr(one.events, name), act)(self._show_tool)
        self._layer = layer

    def _show_tool(self, event: Any = None) -> None:
        """Draw the tool's cursor, and keep the picture still under it."""
        held = bool(self._tools())
        self._copy.scene.camera.mouse_pan = not held
        self._copy.cursor.style = self._layer.cursor if held else "standard"
        if held:
            self._copy.cursor.size = self._layer.cursor_size

    def _tools(self) -> list[PlaneTool]:
        return [
            each
            for each in getattr(self._layer, "mouse_drag_callbacks", ())
            if isinstance(each, PlaneTool)
        ]

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        gestures = [tool(self._layer, event) for tool in self._tools()]
        while gestures:
            # Those that wait for the next move of the mouse.
            gestures = [gesture for gesture in gestures if next(gesture, gesture) is None]
            if not gestures:
                return
            yield
