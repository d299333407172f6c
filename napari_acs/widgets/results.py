"""A finished segmentation becomes a new Labels layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels, Layer

from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import LabelStyle, LayerTuple, labels_layer
from napari_acs.viewer.make_layer import make_layer
from napari_acs.viewer.prepared import brain_layer, prepared_layers

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_acs.inference.messages import Segmentation
    from napari_acs.widgets.request import SegmentRequest


def add_result(
    viewer: Viewer, request: SegmentRequest, segmentation: Segmentation, *, shown: bool = True
) -> Labels:
    """Add the label map as a layer of its own; an earlier mask is never touched.

    The layer edits a copy: the prediction stays as the model made it. Where the current slice
    shows no label, the view moves to the slice that shows most.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    request : SegmentRequest
        What the segmentation answers.
    segmentation : Segmentation
    shown : bool
        False while another study is on screen: on it this mask would be another patient's. It
        stays hidden then, and neither the view nor the selected layer changes.

    Raises
    ------
    Exception
        Whatever napari raises; no layer is left behind then.
    """
    before = list(viewer.layers)
    active = viewer.layers.selection.active
    try:
        layer = _add(viewer, request, segmentation, shown)
        if shown:
            viewer.tooltip.visible = True  # resting the mouse on a voxel names its class
            _show_a_slice_with_labels(viewer, layer)
        else:
            viewer.layers.selection.active = active
    except Exception:
        for added in [each for each in viewer.layers if each not in before]:
            viewer.layers.remove(added)
        raise
    return layer


def _add(
    viewer: Viewer, request: SegmentRequest, segmentation: Segmentation, shown: bool
) -> Labels:
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
        brain = brain_layer(segmentation.brain, home, request.study.name)
        add_outline(viewer, brain, visible=False)  # on request
    if request.show_prepared:
        for prepared in prepared_layers(segmentation.prepared, home, request.study.name):
            _add_layer(viewer, prepared, shown)
    styles = tuple(LabelStyle(c.value, c.name, c.title, c.color) for c in segmentation.classes)
    name = f"segmentation {request.study.name}"
    return _add_layer(viewer, labels_layer(segmentation.labels, info, name, styles), shown)


def add_outline(viewer: Viewer, shown: LayerTuple, *, visible: bool = True) -> Labels:
    """Add a Labels layer that shows only the borders of its labels."""
    layer = _add_layer(viewer, shown, visible)
    layer.contour = 1
    return layer


def _add_layer(viewer: Viewer, described: LayerTuple, visible: bool) -> Layer:
    layer = make_layer(described)
    layer.visible = layer.visible and visible
    return viewer.add_layer(layer)


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
