"""Layers made from descriptions, ready for a viewer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_acs.viewer.layers import LayerTuple

_AIDS = {"polygon": "polygon", "brush_stroke": "paint"}
"""What napari draws beside a mask, and the mode of the layer that needs it."""


def make_layer(described: LayerTuple) -> Layer:
    """Return the layer that a layer data tuple describes.

    Parameters
    ----------
    described : tuple
        Data, attributes and the kind of layer, as napari's readers return them.

    Returns
    -------
    napari.layers.Layer
        Of a Labels layer, what napari draws for its polygon tool and for the right button of its
        brush is made when the tool is first chosen. napari makes them with every layer, a fifth of
        the main thread's time for which a mask that is added holds the window up.
    """
    from napari.layers import Labels, Layer  # noqa: PLC0415 (napari is slow)

    layer = Layer.create(*described)
    if isinstance(layer, Labels):
        there = layer._overlays
        aids = {mode: there[name] for name, mode in _AIDS.items() if name in there}
        for aid in aids.values():
            aid.visible = False  # napari draws, and makes, only what is visible
        layer.events.mode.connect(partial(_on_mode, aids))
    return layer


def _on_mode(aids: dict[str, Any], event: Any) -> None:
    aid = aids.get(str(event.mode))
    if aid is not None:
        aid.visible = True
