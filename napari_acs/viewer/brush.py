"""Tools that take the mouse on a mask: a brush in mm, and a click."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import GEN_RUNNING, getgeneratorstate
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.correct import Band, Ink, stroke
from napari_acs.viewer.applying import apply
from napari_acs.viewer.correcting import canvas_of, clicked_slice, spacing_of

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray


_UNDO = "Control-Z"


class PlaneTool:
    """A callback of napari's ``mouse_drag_callbacks`` that takes its plane from the event.

    So any canvas that shows the layer, or a twin of it, may call it.
    """

    def __call__(self, layer: Labels, event: Any) -> Iterator[None]:
        """Follow one drag."""
        raise NotImplementedError

    def end(self) -> None:
        """End a drag that nobody will tell the end of."""


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
    press : PlaneTool
    diameter_mm : float
        Of the circle at the cursor; 0 for a cross.
    gave_way : callable
    """

    def __init__(
        self,
        layer: Labels,
        press: PlaneTool,
        diameter_mm: float,
        gave_way: Callable[[], object],
    ) -> None:
        self.layer = layer
        self._press, self._gave_way = press, gave_way
        layer.mode = "pan_zoom"
        layer.mouse_drag_callbacks.append(press)
        layer.mouse_pan = False  # the last: linked canvases look for a tool then
        layer.events.mode.connect(self._on_mode)
        layer.events.brush_size.connect(self._draw_cursor)  # of napari's brush, which draws its own
        self.resize(diameter_mm)

    def resize(self, diameter_mm: float) -> None:
        """Draw the cursor as large as the brush."""
        self._diameter_mm = diameter_mm
        self._draw_cursor()

    def rest(self, on: bool) -> None:
        """Let the camera have the mouse, or no more: a 3D view has no slice, and is turned."""
        self.layer.mouse_pan = on

    def close(self) -> None:
        """Give the mouse back."""
        self.layer.events.mode.disconnect(self._on_mode)
        self.layer.events.brush_size.disconnect(self._draw_cursor)
        if self._press in self.layer.mouse_drag_callbacks:
            self.layer.mouse_drag_callbacks.remove(self._press)
        self._press.end()
        if str(self.layer.mode) == "pan_zoom":
            self.layer.mouse_pan = True
            self.layer.cursor = "standard"

    def _draw_cursor(self, event: Any = None) -> None:
        self.layer.cursor = "circle" if self._diameter_mm > 0 else "cross"
        self.layer.cursor_size = max(self._diameter_mm, 1e-3)

    def _on_mode(self, event: Any = None) -> None:
        if str(self.layer.mode) != "pan_zoom":
            self._gave_way()


class Brush(PlaneTool):
    """Paints while the mouse is dragged; a whole drag is one step of napari's undo.

    Parameters
    ----------
    settings : callable
        Returns `BrushSettings` at the press; may raise ``BadInput``, and later in the stroke, which
        ends there.
    said : callable
        Gets the sentence of a stroke, and whether it is a refusal.
    """

    def __init__(
        self, settings: Callable[[], BrushSettings], said: Callable[[str, bool], object]
    ) -> None:
        self._settings, self._said = settings, said
        self._drag: Generator[None, None, None] | None = None

    def __call__(self, layer: Labels, event: Any) -> Iterator[None]:
        """Follow one drag, as a callback of napari's ``mouse_drag_callbacks``."""
        if event.button != 1:  # while the left one is held, too
            return iter(())
        self.end()
        self._drag = self._follow(layer, event)
        return self._drag

    def end(self) -> None:
        """End the drag in hand as if the mouse had been let go: what was painted is one step.

        napari tells only the layer that is selected then. One whose stroke goes on for ever keeps
        all later edits back from undo.
        """
        drag, self._drag = self._drag, None
        if drag is not None and getgeneratorstate(drag) != GEN_RUNNING:
            drag.close()

    def _follow(self, layer: Labels, event: Any) -> Generator[None, None, None]:
        try:
            settings = self._settings()
            line = _Line(layer, clicked_slice(layer, event), settings)
            with self._undo_bound(layer), _one_step(layer):
                line.to(event.position)
                yield
                while event.type == "mouse_move":
                    self._settings()  # refuses a mask that was hidden since
                    line.to(event.position)
                    yield
        except BadInput as refusal:
            self._said(refusal.sentence(), True)
            return
        self._said(line.said(), False)

    @contextmanager
    def _undo_bound(self, layer: Labels) -> Iterator[None]:
        """Let Ctrl+Z end the stroke in hand, and take that back.

        napari would take the step before it back, and then end the stroke: an undo of that would
        write into the mask what it was before, and the earlier step could never be undone.
        """

        def undo(layer: Labels) -> None:
            self.end()
            layer.undo()
            self._said("The stroke was ended, and taken back", False)

        before = layer.bind_key(_UNDO, None)  # of the user's, on this layer alone
        layer.bind_key(_UNDO, undo)
        try:
            yield
        finally:
            layer.bind_key(_UNDO, before, overwrite=True)


@contextmanager
def _one_step(layer: Labels) -> Iterator[None]:
    """Make all that is done meanwhile one step of undo, also where it ends in an error.

    napari's own commits what went well alone: the rest would stay in the mask, and in its way.
    """
    failure: BaseException | None = None
    with layer.block_history():
        try:
            yield
        except BaseException as error:  # a refusal, or a drag that is given up
            failure = error
    if failure is not None:
        raise failure


class _Line:
    """A stroke on its way, from point to point."""

    def __init__(self, layer: Labels, plane: tuple[int, int], settings: BrushSettings) -> None:
        self._layer, self._settings = layer, settings
        self._canvas = canvas_of(layer)
        self._slice, self._axis = plane, plane[0] if settings.flat else None
        self._last: NDArray[np.float64] | None = None
        self._voxels = 0

    def to(self, position: Any) -> None:
        if spacing_of(self._layer) != list(self._canvas.spacing):
            raise BadInput(
                f"The scale of the layer {self._layer.name!r} was changed in the stroke, which was "
                "ended there",
                do="Draw on",
            )
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
        apply(self._layer, change, self._canvas.labels, of_stroke=True)
        self._voxels += len(change)
        self._last = point

    def said(self) -> str:
        shape = "disc" if self._settings.flat else "ball"
        how = f"with a {shape} of {self._settings.radius_mm:g} mm radius"
        if self._settings.band is not None:
            how += f" {self._settings.band.said()}"
        ml = self._voxels * self._canvas.voxel_ml
        return f"{self._settings.ink.said(how)}: {self._voxels} voxels ({ml:.2f} ml) changed"


class Click(PlaneTool):
    """Acts once on what is under the left button.

    Parameters
    ----------
    act : callable
        Gets the voxel (z, y, x), which is whole along the axis of the slices, and that axis.
    said : callable
        Gets a sentence where no slice was clicked, and that it is a refusal.
    """

    def __init__(
        self,
        act: Callable[[NDArray[np.float64], int], object],
        said: Callable[[str, bool], object],
    ) -> None:
        self._act, self._said = act, said

    def __call__(self, layer: Labels, event: Any) -> Iterator[None]:
        """Act at the press."""
        if event.button == 1:
            try:
                axis, index = clicked_slice(layer, event)
            except BadInput as refusal:
                self._said(refusal.sentence(), True)
                return
            at = voxel_at(layer, event.position)
            at[axis] = index
            self._act(at, axis)
        yield


def voxel_at(layer: Labels, position: Any) -> NDArray[np.float64]:
    """Return the continuous voxel index (z, y, x) at a world position."""
    return np.array(layer.world_to_data(position)[-3:], float)
