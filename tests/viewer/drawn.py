"""Labels that were drawn over an image."""

from __future__ import annotations

import numpy as np
from napari.layers import Image, Labels


def drawn(image: Image, name: str = "mine") -> Labels:
    """What napari's 'New labels layer' button makes over an image, with a few voxels painted."""
    data = np.zeros(image.data.shape, np.int32)
    data[1, 2, 3] = 1
    data[2, 3, 4:6] = 3
    return Labels(data, name=name, scale=image.scale, translate=image.translate, units=image.units)
