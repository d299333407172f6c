"""A mask that the Segment panel made for the open case, to be taken into the session."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging import from_lps
from napari_acs.review.session.chain import plain
from napari_acs.review.session.masks import add_prediction
from napari_acs.viewer.info import LayerInfo, info_in

if TYPE_CHECKING:
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_acs.review.session.session import Session
    from napari_acs.review.session.state import Mask

_MODEL = "segmentation"


def segmentation_among(
    layers: Iterable[Layer], case: str, known: Iterable[Layer]
) -> tuple[Layer, LayerInfo] | None:
    """Return the newest layer with a model's mask of a case, or None.

    Parameters
    ----------
    layers : iterable of Layer
    case : str
        As the images of the case say.
    known : iterable of Layer
        Of the session itself.
    """
    own = {id(layer) for layer in known}
    found = None
    for layer in layers:
        info = info_in(layer.metadata)
        if id(layer) in own or info is None or info.study != case or info.role:
            continue
        if info.prediction is not None:
            found = layer, info
    return found


def model_of(info: LayerInfo) -> str:
    """Return what to call the model that made a mask."""
    model = (info.provenance or {}).get("model", {})
    return str(model.get("id", "")) or _MODEL


def uncertainty_among(layers: Iterable[Layer], info: LayerInfo) -> NDArray[Any] | None:
    """Return the map of uncertainty (z, y, x on the mask's grid) that is shown of a case."""
    for layer in layers:
        own = info_in(layer.metadata)
        if own is None or own.role != "uncertainty" or own.study != info.study:
            continue
        if own.grid.difference(info.grid) is None:
            return from_lps(np.asarray(layer.data), info.grid)
    return None


def take(
    session: Session, item: int, info: LayerInfo, uncertainty: NDArray[Any] | None = None
) -> Mask:
    """Add a model's mask, as the model made it, to an item of the session.

    Parameters
    ----------
    session : Session
    item : int
    info : LayerInfo
        Of the layer with the mask.
    uncertainty : array of float, shape (z, y, x), optional
        Of a mask that came without a figure in its provenance: the item gets its mean over the
        labelled voxels.
    """
    assert info.prediction is not None
    mean = _said_by_the_model(info)
    labelled = info.prediction > 0
    if mean is None and uncertainty is not None and labelled.any():
        mean = _finite(float(np.mean(uncertainty[labelled], dtype=np.float64)))
    return add_prediction(
        session,
        item,
        info.prediction,
        info.grid,
        title=model_of(info),
        uncertainty=mean,
        provenance=plain(info.provenance or {}),
    )


def _said_by_the_model(info: LayerInfo) -> float | None:
    """Return the figure that the model gave for this mask, in the record that goes with it."""
    record = (info.provenance or {}).get("uncertainty")
    return _finite(float(record["mean"])) if record else None


def _finite(number: float) -> float | None:
    """Return a figure, or None of a model that gave none."""
    return number if math.isfinite(number) else None
