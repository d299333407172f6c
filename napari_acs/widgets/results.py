"""A finished segmentation becomes a new Labels layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels, Layer

from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import LabelStyle, LayerTuple, labels_layer
from napari_acs.viewer.prepared import brain_layer, prepared_layers

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_acs.inference.messages import Segmentation
    from napari_acs.widgets.request import SegmentRequest


def add_result(viewer: Viewer, request: SegmentRequest, segmentation: Segmentation) -> Labels:
    """Add the label map as a layer of its own; an earlier mask is never touched.

    The layer edits a copy: the prediction stays as the model made it. Where the current slice
    shows no label, the view moves to the slice that shows most.
    """
    home = request.study.reference
    info = LayerInfo(
        grid=segmentation.grid,
        source=home.source,
        study=request.study.name,
        provenance=segmentation.provenance,
        dicom=home.dicom,
        prediction=segmentation.labels,
    )
    if segmentation.brain is not None and request.brain == "auto":
        shown = brain_layer(segmentation.brain, home, request.study.name)
        add_outline(viewer, shown).visible = False  # on request
    if request.show_prepared:
        for prepared in prepared_layers(segmentation.prepared, home, request.study.name):
            viewer.add_layer(Layer.create(*prepared))
    styles = tuple(LabelStyle(c.value, c.name, c.title, c.color) for c in segmentation.classes)
    layer = Layer.create(
        *labels_layer(segmentation.labels, info, f"segmentation {request.study.name}", styles)
    )
    viewer.add_layer(layer)
    viewer.tooltip.visible = True  # resting the mouse on a voxel names its class
    _show_a_slice_with_labels(viewer, layer)
    return layer


def add_outline(viewer: Viewer, shown: LayerTuple) -> Labels:
    """Add a Labels layer that shows only the borders of its labels."""
    layer = viewer.add_layer(Layer.create(*shown))
    layer.contour = 1
    return layer


def _show_a_slice_with_labels(viewer: Viewer, layer: Labels) -> None:
    if viewer.dims.ndisplay != 2 or viewer.dims.ndim != layer.ndim:
        return
    axis = viewer.dims.not_displayed[0]
    others = tuple(a for a in range(layer.ndim) if a != axis)
    counts = np.count_nonzero(layer.data, axis=others)
    here = round(layer.world_to_data(viewer.dims.point)[axis])
    if not 0 <= here < len(counts) or counts[here] == 0:
        index = np.zeros(layer.ndim)
        index[axis] = int(counts.argmax())
        viewer.dims.set_point(axis, layer.data_to_world(index)[axis])
