"""Where images show nothing: beyond the head, or the brain that was cut out of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_acs.imaging.brain import corner_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.boxes import Box


def air_in(window: Box, images: Sequence[NDArray[Any]]) -> NDArray[np.bool_]:
    """Tell the voxels of a window that lie in the air by all images.

    That is what has exactly the value of the corners, or NaN, and hangs together up to the side of
    the window: what is 0 within a head, such as fluid, is none. Images whose air has noise tell of
    nothing, or of a few voxels.

    Parameters
    ----------
    window : Box
    images : sequence of ndarray, shape (z, y, x)
        Of one grid; none: nothing is known to be air.

    Returns
    -------
    ndarray of bool
        Of the window's shape.
    """
    shape = tuple(s.stop - s.start for s in window)
    air = np.full(shape, bool(len(images)))
    for image in images:
        part = image[window]
        same = part == corner_value(image)
        air &= same | np.isnan(part) if part.dtype.kind == "f" else same
    if not air.any():
        return air
    numbers, count = ndimage.label(air)
    reaching = np.zeros(count + 1, bool)
    for axis in range(3):
        for end in (0, -1):
            reaching[np.take(numbers, end, axis)] = True
    reaching[0] = False
    found: NDArray[np.bool_] = reaching[numbers]
    return found
