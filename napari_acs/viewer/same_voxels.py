"""Whether two arrays are equal, without a third one of their size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def same_voxels(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Tell whether arrays of any shape and dtype are equal, slice by slice.

    numpy's own comparison first makes an array of all the answers. Its memory is new every time:
    on 512 x 512 x 300 voxels that alone has held a window up for 0.2 s.
    """
    if one.shape != other.shape:
        return False
    if one.ndim < 3:
        return np.array_equal(one, other)
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
