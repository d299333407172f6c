"""A second viewer model that shows the volumes and masks of a first one, at the same point.

napari slices a layer for one viewer only, so each layer gets a twin: a layer of its own on the
same array. Nothing is copied but the few pixels on screen, and a stroke of the brush shows in
both. Twins follow; they are never edited themselves.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from napari_acs.viewer.make_layer import make_layer

_FOLLOWED = (
    *("name", "visible", "opacity", "blending", "scale", "translate", "rotate", "shear", "affine"),
    *("colormap", "contrast_limits", "gamma", "interpolation2d"),  # images
    *("contour", "selected_label", "show_selected_label"),  # labels
)
_EDITS = ("data",)
_MASK_EDITS = (*_EDITS, "paint", "labels_update")


class Mirror:
    """Keeps ``copy`` showing what ``source`` shows, and both at one point.

    Parameters
    ----------
    source : napari.components.ViewerModel
        The window's viewer.
    copy : napari.components.ViewerModel
        An empty one, for another canvas.
    """

    def __init__(self, source: Any, copy: Any) -> None:
        self._source = source
        self._copy = copy
        self._twins: dict[Any, Any] = {}
        self._listening: dict[Any, list[tuple[Any, Any]]] = {}
        self._moving = False
        self._drawn_at: dict[Any, tuple[Any, ...]] = {}
        for layer in source.layers:
            self._add(layer)
        self._keep_order()
        for event, follow in self._followed():
            event.connect(follow)
        self._pull()

    def close(self) -> None:
        """Follow no longer, and let the twins go."""
        for event, follow in self._followed():
            event.disconnect(follow)
        for layer in list(self._twins):
            self._drop(layer)

    def _followed(self) -> tuple[tuple[Any, Any], ...]:
        layers = self._source.layers.events
        return (
            (layers.inserted, self._on_inserted),
            (layers.removed, self._on_removed),
            (layers.reordered, self._keep_order),
            (self._source.dims.events.point, self._pull),
            (self._copy.dims.events.point, self._push),
        )

    def _on_inserted(self, event: Any) -> None:
        self._add(event.value)
        self._keep_order()
        self._pull()

    def _on_removed(self, event: Any) -> None:
        self._drop(event.value)
        self._pull()

    def _add(self, layer: Any) -> None:
        from napari.layers import Image, Labels  # noqa: PLC0415 (napari is slow)

        if not isinstance(layer, Image | Labels) or layer.ndim != 3:
            return
        twin = make_layer(layer.as_layer_data_tuple())
        dims = self._source.dims
        self._drawn_at[layer] = (dims.point, dims.order, dims.ndisplay)
        edits = _MASK_EDITS if isinstance(layer, Labels) else _EDITS
        if isinstance(twin, Labels):
            twin.editable = False  # undo would not know of it
        self._twins[layer] = twin
        self._copy.layers.append(twin)
        self._copy.layers.selection.clear()
        follow = [(name, partial(_follow, layer, twin, name)) for name in _FOLLOWED]
        edited = [(name, partial(_show_edit, layer, twin)) for name in edits]
        if isinstance(layer, Labels):
            edited.append(("set_data", partial(self._on_drawn, layer, twin)))
        self._listening[layer] = [
            (getattr(layer.events, name), callback)
            for name, callback in (*follow, *edited)
            if name in layer.events
        ]
        for event, callback in self._listening[layer]:
            event.connect(callback)

    def _on_drawn(self, layer: Any, twin: Any, event: Any = None) -> None:
        # Undo tells only that the layer was drawn anew, which every step of a slider does as well.
        dims = self._source.dims
        here = (dims.point, dims.order, dims.ndisplay)
        if self._drawn_at.get(layer) == here:
            _show_edit(layer, twin)
        self._drawn_at[layer] = here

    def _drop(self, layer: Any) -> None:
        twin = self._twins.pop(layer, None)
        if twin is None:
            return
        for event, callback in self._listening.pop(layer):
            event.disconnect(callback)
        self._drawn_at.pop(layer, None)
        self._copy.layers.remove(twin)
        self._copy.layers.selection.clear()

    def _keep_order(self, event: Any = None) -> None:
        wanted = [self._twins[layer] for layer in self._source.layers if layer in self._twins]
        for index, twin in enumerate(wanted):
            now = self._copy.layers.index(twin)
            if now != index:
                self._copy.layers.move(now, index)

    def _pull(self, event: Any = None) -> None:
        self._move(self._source.dims, self._copy.dims)

    def _push(self, event: Any = None) -> None:
        self._move(self._copy.dims, self._source.dims)

    def _move(self, leader: Any, follower: Any) -> None:
        # a point is cut off at the edge of what a viewer shows: without this, one would echo it
        if self._moving or leader.ndim != follower.ndim or leader.point == follower.point:
            return
        self._moving = True
        try:
            follower.point = leader.point
        finally:
            self._moving = False


def _follow(layer: Any, twin: Any, name: str, event: Any = None) -> None:
    setattr(twin, name, getattr(layer, name))


def _show_edit(layer: Any, twin: Any, event: Any = None) -> None:
    if twin.data is layer.data:
        twin.refresh(thumbnail=False, highlight=False, extent=False)
    else:
        twin.data = layer.data
