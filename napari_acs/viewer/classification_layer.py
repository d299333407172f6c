"""A classification kept with its layers, and its class activation map as an Image layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import LayerTuple, image_layer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from napari.layers import Layer
    from numpy.typing import NDArray

CLASSIFICATION = "napari_acs_classification"
"""Key of ``layer.metadata`` of what was last classified of the layer: JSON-ready."""


def keep_classification(layers: Iterable[Layer], record: Mapping[str, Any]) -> None:
    """Store the record of a classification with every layer that it is about."""
    for layer in layers:
        layer.metadata[CLASSIFICATION] = dict(record)


def classification_in(layers: Iterable[Layer]) -> dict[str, Any]:
    """Return the record that the first of these layers holds; empty where none does."""
    held = (layer.metadata.get(CLASSIFICATION) for layer in layers)
    return next((dict(record) for record in held if isinstance(record, dict) and record), {})


def cam_layer(cam: NDArray[np.float32], home: LayerInfo, name: str) -> LayerTuple:
    """Return a class activation map as a layer that lies over the study.

    Parameters
    ----------
    cam : ndarray of float32, shape (z, y, x)
        From 0 to 1, in the voxel order of ``home.grid``.
    home : LayerInfo
        Of the study's reference image.
    name : str
        Of the layer.
    """
    # the role keeps it from being taken for an MRI sequence
    info = LayerInfo(home.grid, study=home.study, role="uncertainty", reference=home)
    data, attributes, kind = image_layer(cam, info, name)
    attributes |= {
        "contrast_limits": (0.0, 1.0),
        "opacity": 0.5,
        "colormap": "inferno",
        "blending": "additive",  # black adds nothing
    }
    return data, attributes, kind
