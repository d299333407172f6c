"""The map of a mask's uncertainty, as an Image layer over the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import LayerTuple, image_layer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid

_FAINT = 0.15
"""Below this part of the limit nothing is shown: probabilities are kept in a box alone, and its
edge is no finding."""


def uncertainty_layer(
    values: NDArray[np.float16],
    grid: Grid,
    study: str,
    limit: float,
    home: LayerInfo | None = None,
) -> LayerTuple:
    """Return an Image layer that lightens what is below it, the more the less sure the model is.

    Its role keeps it from being taken for an MRI sequence; and it is no Labels layer, so that it
    is never saved as a mask.

    Parameters
    ----------
    values : ndarray of float16, shape (z, y, x)
        On ``grid``, 0 where the model is sure.
    grid : Grid
    study : str
    limit : float
        The value that is shown brightest.
    home : LayerInfo or None
        Of the image whose grid this is.
    """
    info = LayerInfo(grid, study=study, role="uncertainty", reference=home)
    data, attributes, kind = image_layer(values, info, f"uncertainty {study}".strip())
    attributes |= {
        "contrast_limits": (_FAINT * limit, limit),
        "opacity": 0.6,  # else bright tissue below turns white
        "colormap": "inferno",
        "blending": "additive",  # black, which is sure, adds nothing
        "interpolation2d": "nearest",  # a value belongs to a voxel
    }
    return data, attributes, kind
