"""Where the brain is, and its intensities on one scale. Only numpy, but for heads with skull."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLIP = 5.0
"""Normalised intensities are cut off at this many standard deviations."""

_EMPTY_PART = 1 / 3
"""A constant background covers more than this of a skull-stripped volume, even cropped tightly."""


def is_skull_stripped(array: NDArray[Any]) -> bool:
    """Tell whether a volume shows a brain on an empty background.

    It does when one corner value (0 as a rule, the minimum in z-scored images) fills over a
    third of it; round a head there is air, whose noise leaves few voxels equal.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
    """
    inside = array != _corner_value(array)
    return bool(np.count_nonzero(inside) < (1 - _EMPTY_PART) * inside.size)


def foreground(array: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell the voxels of the brain (skull-stripped volumes) or the head (others).

    In a skull-stripped volume (see `is_skull_stripped`) all that is not background. Otherwise
    the head is what Otsu's threshold finds, with its holes filled (Otsu 1979).

    Parameters
    ----------
    array : ndarray, shape (z, y, x)

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    if is_skull_stripped(array):
        inside: NDArray[np.bool_] = array != _corner_value(array)
        return inside
    import SimpleITK as sitk  # noqa: PLC0415  (only heads with skull)

    image = sitk.GetImageFromArray(np.ascontiguousarray(array, dtype=np.float32))
    head = sitk.BinaryFillhole(sitk.OtsuThreshold(image, 0, 1, 256))
    return sitk.GetArrayFromImage(head).astype(bool)


def _corner_value(array: NDArray[Any]) -> Any:
    corners = array[:: array.shape[0] - 1 or 1, :: array.shape[1] - 1 or 1][
        ..., :: array.shape[2] - 1 or 1
    ]
    values, counts = np.unique(corners, return_counts=True)
    return values[counts.argmax()]


def brain_box(
    foregrounds: Sequence[NDArray[np.bool_]], margin: Sequence[int] = (0, 0, 0)
) -> tuple[slice, slice, slice]:
    """Return the box round the voxels that are foreground in any sequence.

    Parameters
    ----------
    foregrounds : sequence of ndarray of bool, shape (z, y, x)
    margin : sequence of int
        Voxels to add on both sides along z, y, x; the box stays within the array.

    Returns
    -------
    tuple of slice
        Along z, y, x; the whole array where nothing is foreground.
    """
    box = []
    shape = foregrounds[0].shape
    for axis, (length, extra) in enumerate(zip(shape, margin, strict=True)):
        others = tuple(i for i in range(3) if i != axis)
        used = np.zeros(length, bool)
        for inside in foregrounds:
            used |= inside.any(axis=others)
        where = np.flatnonzero(used)
        first, last = (int(where[0]), int(where[-1])) if where.size else (0, length - 1)
        box.append(slice(max(first - extra, 0), min(last + 1 + extra, length)))
    return box[0], box[1], box[2]


def normalise(array: NDArray[Any], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Scale intensities to mean 0 and standard deviation 1 over the brain ("brain-zscore").

    The brain's values are cut off at their 0.5 and 99.5 percentiles, then their mean is
    subtracted and they are divided by their standard deviation, then cut off at +-`CLIP`.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        Intensities, any real type.
    inside : ndarray of bool, shape (z, y, x)
        The brain; see `foreground`.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        0 outside the brain; all 0 where the brain is empty or of one value.
    """
    scaled = np.zeros(array.shape, np.float32)
    values = array[inside].astype(np.float32)
    if values.size:
        low, high = np.percentile(values, (0.5, 99.5))
        np.clip(values, low, high, out=values)
        mean, spread = values.mean(dtype=np.float64), values.std(dtype=np.float64)
        if spread > 0:
            scaled[inside] = np.clip((values - mean) / spread, -CLIP, CLIP)
    return scaled
