"""What the canvas shows of a study that comes, or comes back: the middle of it, and all of it.

napari frames only the first layer of a window, and with all layers in its list: a study that was
opened second, on a grid of its own, came half beyond the canvas' edge, or in no slice at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels

from napari_acs.viewer.display import same_place

if TYPE_CHECKING:
    from napari.layers import Layer


def fit_to_shown(viewer: Any) -> None:
    """Fit the canvas to the layers that are shown; hidden ones may be of another patient.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    """
    if viewer.layers:
        shown = [layer for layer in viewer.layers if layer.visible]
        _fit(viewer, shown or None)


def bring_into_sight(viewer: Any, layer: Layer, before: Iterable[Layer]) -> None:
    """Fit the canvas to a layer, and go to its middle where no slice of it is shown.

    Nothing moves where the layer lies as one of `before` does: who goes from case to case of a
    data set on one grid keeps slice and zoom.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    layer : Layer
        Of the study that is shown from now on; in the viewer.
    before : iterable of Layer
        What was shown until now.
    """
    grids = (each for each in before if isinstance(each, Image | Labels))
    if any(same_place(layer, each) for each in grids):
        return
    dims, (low, high) = viewer.dims, layer.extent.world
    point = np.array(dims.point[-len(low) :])
    if np.any((point < low) | (point > high)):
        dims.point = (*dims.point[: -len(low)], *((low + high) / 2))
    _fit(viewer, [layer])


def _fit(viewer: Any, layers: Sequence[Layer] | None) -> None:
    if "layers" in signature(viewer.fit_to_view).parameters:
        viewer.fit_to_view(layers=layers)
    else:  # napari 0.9.0 fits to all that are in its list
        viewer.fit_to_view()
