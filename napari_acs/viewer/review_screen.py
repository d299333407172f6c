"""The layers of the open case in a viewer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.viewer.info import KEY, PLANE, info_in
from napari_acs.viewer.make_layer import make_layer

if TYPE_CHECKING:
    from napari.layers import Labels, Layer

    from napari_acs.viewer.layers import LayerTuple
    from napari_acs.viewer.review_journal import Shift
    from napari_acs.viewer.review_root import BegunFrom

_AT_ONCE = 2
"""Layers that are removed in one turn of the event loop: each turn ends in a redraw."""


class CaseScreen:
    """Adds and removes the layers of one case; those of others it leaves alone."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self.layers: list[Layer] = []
        self.mask: Labels | None = None

    def clearing(self, study: str = "") -> Iterator[None]:
        """Remove the case's layers in pieces, the mask first; no layer is the case's from now on.

        What else is of that study is hidden, as another patient's.
        """
        layers = sorted(self.layers, key=lambda layer: layer is not self.mask)
        self.layers, self.mask = [], None
        return self._clear(layers, study)

    def _clear(self, layers: Sequence[Layer], study: str) -> Iterator[None]:
        there = self._viewer.layers
        with there.batched_update():  # the canvas is tidied up once, not after each of them
            for number, layer in enumerate(layers):
                if layer in there:
                    there.remove(layer)
                if number % _AT_ONCE == 0:  # the mask alone, at once
                    yield
        for layer in there:
            info = info_in(layer.metadata)
            if study and info is not None and info.study == study:
                layer.visible = False

    def add(self, described: LayerTuple) -> Layer:
        """Add a layer of the case."""
        layer = make_layer(described)
        self.layers.append(layer)
        return self._viewer.add_layer(layer)

    def add_under(self, described: LayerTuple, top: Layer) -> None:
        """Add a layer of the case just below another; the layer that was edited stays chosen."""
        there = self._viewer.layers
        active = there.selection.active
        layer = make_layer(described)
        self.layers.insert(0, layer)
        there.insert(there.index(top) if top in there else 0, layer)
        there.selection.active = active

    def add_mask(self, described: LayerTuple) -> Labels:
        """Add the reader's mask, and choose it."""
        self.mask = self.add(described)
        self._viewer.layers.selection.active = self.mask
        return self.mask

    def add_outline(self, described: LayerTuple) -> Layer:
        """Add another's mask as outlines; the layer that was edited stays chosen."""
        active = self._viewer.layers.selection.active
        layer = self.add(described)
        layer.contour = 2
        layer.editable = False
        self._viewer.layers.selection.active = active
        return layer

    def apply(self, shift: Shift) -> None:
        """Show what an undo or a promotion changed, as one step of the layer's own."""
        if self.mask is not None and shift.labels.size:
            self.mask.data_setitem(shift.indices, shift.labels)

    def begin_from(self, root: BegunFrom) -> None:
        """Let the mask's layer know what it is begun from now; it tells who listens."""
        info = info_in(self.mask.metadata) if self.mask is not None else None
        if self.mask is not None and info is not None:
            info = replace(info, prediction=root.labels, maker=root.maker)
            self.mask.metadata = {**self.mask.metadata, KEY: info}

    @property
    def at(self) -> tuple[int, int, int] | None:
        """The voxel in view, an index (z, y, x) of the mask's layer.

        None where an axial plane that was cut is in view: it stands beyond the last slice.
        """
        point = self._viewer.dims.point
        if self.mask is None or len(point) < 3:
            return None
        found = np.rint(self.mask.world_to_data(point[-3:])).astype(int)
        last = np.array(self.mask.data.shape) - 1
        if found[0] > last[0] and any(PLANE in layer.metadata for layer in self._viewer.layers):
            return None
        z, y, x = np.clip(found, 0, last).tolist()
        return z, y, x

    def look_at(self, at: tuple[int, int, int] | None) -> None:
        """Show the slices through a voxel of the mask; None: where most is labelled."""
        if self.mask is None:
            return
        shown = at if at is not None else _fullest(np.asarray(self.mask.data))
        world = self.mask.data_to_world(shown)
        dims = self._viewer.dims
        dims.point = (*dims.point[:-3], *world)


def _fullest(labels: Any) -> tuple[int, int, int]:
    """Return the middle of the axial slice with most labels; of all where there is none."""
    counts = np.count_nonzero(labels, axis=(1, 2))
    z, y, x = (n // 2 for n in labels.shape)
    if counts.any():
        z = int(counts.argmax())
        y, x = (round(float(i.mean())) for i in np.nonzero(labels[z]))
    return z, y, x
