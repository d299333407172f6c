"""Tools that take the mouse on a mask: a brush in mm, and a click."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.correct import Band, Ink, stroke
from napari_acs.viewer.correcting import apply, canvas_of, slice_axis, slice_index

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class BrushSettings:
    """What the brush does: ``flat`` paints a disc in the slice that is shown, else a ball."""

    ink: Ink
    radius_mm: float
    flat: bool = True
    band: Band | None = None


class MaskTool:
    """Holds the left mouse button on one mask, in 2D views, until it is let go.

    The camera stays still meanwhile (``mouse_pan``), and napari's own tools of the layer are off;
    once the user chooses one of those, ``gave_way`` is called.

    Parameters
    ----------
    layer : Labels
    press : callable
        Generator function of the layer and a mouse event, as napari's ``mouse_drag_callbacks``.
    diameter_mm : float
        Of the circle at the cursor; 0 for a cross.
    gave_way : callable
    """

    def __init__(
        self,
        layer: Labels,
        press: Callable[[Any, Any], Iterator[None]],
        diameter_mm: float,
        gave_way: Callable[[], object],
    ) -> None:
        self.layer = layer
        self._press, self._gave_way = press, gave_way
        layer.mode = "pan_zoom"
        layer.mouse_pan = False
        layer.mouse_drag_callbacks.append(press)
        layer.events.mode.connect(self._on_mode)
        self.resize(diameter_mm)

    def resize(self, diameter_mm: float) -> None:
        """Draw the cursor as large as the brush."""
        self.layer.cursor = "circle" if diameter_mm > 0 else "cross"
        self.layer.cursor_size = max(diameter_mm, 1e-3)

    def close(self) -> None:
        """Give the mouse back."""
        self.layer.events.mode.disconnect(self._on_mode)
        if self._press in self.layer.mouse_drag_callbacks:
            self.layer.mouse_drag_callbacks.remove(self._press)
        if str(self.layer.mode) == "pan_zoom":
            self.layer.mouse_pan = True
            self.layer.cursor = "standard"

    def _on_mode(self, event: Any = None) -> None:
        if str(self.layer.mode) != "pan_zoom":
            self._gave_way()


class Brush:
    """Paints while the mouse is dragged; a whole drag is one step of napari's undo.

    Parameters
    ----------
    dims : napari.components.Dims
        Of the window's viewer.
    settings : callable
        Returns `BrushSettings` at the press; may raise ``BadInput``.
    said : callable
        Gets the sentence of a stroke, and whether it is a refusal.
    """

    def __init__(
        self,
        dims: Any,
        settings: Callable[[], BrushSettings],
        said: Callable[[str, bool], object],
    ) -> None:
        self._dims, self._settings, self._said = dims, settings, said

    def __call__(self, layer: Labels, event: Any) -> Iterator[None]:
        """Follow one drag, as a callback of napari's ``mouse_drag_callbacks``."""
        if event.button != 1:
            return
        try:
            settings = self._settings()
            line = _Line(layer, self._dims, settings)
            with layer.block_history():
                line.to(event.position)
                yield
                while event.type == "mouse_move":
                    line.to(event.position)
                    yield
        except BadInput as refusal:
            self._said(refusal.sentence(), True)
            return
        self._said(line.said(), False)


class _Line:
    """A stroke on its way, from point to point."""

    def __init__(self, layer: Labels, dims: Any, settings: BrushSettings) -> None:
        self._layer, self._settings = layer, settings
        self._canvas = canvas_of(layer)
        axis, index = slice_axis(dims), slice_index(layer, dims)
        self._slice, self._axis = (axis, index), axis if settings.flat else None
        self._last: NDArray[np.float64] | None = None
        self._voxels = 0

    def to(self, position: Any) -> None:
        point = voxel_at(self._layer, position)
        point[self._slice[0]] = self._slice[1]
        line = np.stack([point if self._last is None else self._last, point])
        settings = self._settings
        change = stroke(
            self._canvas,
            line,
            settings.radius_mm,
            settings.ink,
            axis=self._axis,
            band=settings.band,
        )
        apply(self._layer, change)
        self._voxels += len(change)
        self._last = point

    def said(self) -> str:
        shape = "disc" if self._settings.flat else "ball"
        how = f"with a {shape} of {self._settings.radius_mm:g} mm radius"
        if self._settings.band is not None:
            how += f" {self._settings.band.said()}"
        ml = self._voxels * self._canvas.voxel_ml
        return f"{self._settings.ink.said(how)}: {self._voxels} voxels ({ml:.2f} ml) changed"


def on_click(act: Callable[[Labels, NDArray[np.float64]], object]) -> Any:
    """Return a mouse callback that acts once on the voxel (z, y, x) under the left button."""

    def click(layer: Labels, event: Any) -> Iterator[None]:
        if event.button == 1:
            act(layer, voxel_at(layer, event.position))
        yield

    return click


def voxel_at(layer: Labels, position: Any) -> NDArray[np.float64]:
    """Return the continuous voxel index (z, y, x) at a world position."""
    return np.array(layer.world_to_data(position)[-3:], float)
