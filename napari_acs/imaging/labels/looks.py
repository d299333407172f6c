"""Whether a volume of which no name says so is a label map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST = 10
"""Different values of a mask, background included. An image has hundreds; one that has ten shows
nothing that a network could use."""
_THIN = 4


def looks_like_labels(array: NDArray[Any]) -> bool:
    """Tell whether voxels are background and a few labels: whole numbers from 0 to 255.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        Of any type of numbers.
    """
    if array.dtype.kind not in "iufb" or not array.size:
        return False
    if np.unique(array[::_THIN, ::_THIN, ::_THIN]).size > _MOST:  # as a rule that is all
        return False
    values = np.unique(array)
    whole = np.isfinite(values).all() and np.array_equal(values, np.round(values))
    return bool(whole and 1 < values.size <= _MOST and values[0] == 0 and values[-1] <= 255)
