"""Intensities of a whole volume on one scale, with a skull or without: air stays 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.brain import CLIP, corner_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DARK = 0.1
"""What is nearer to air than this part of the largest differences (99th percentile) is air."""
_LOW, _HIGH = 0.5, 99.5
_OFF_CENTRE = 0.1
_NARROWEST, _WIDEST = 0.8, 1.2


def scale_robustly(array: NDArray[Any], air: float | None = None) -> NDArray[np.float32]:
    """Scale a volume so that air becomes 0 and tissue has a standard deviation of about 1.

    Tissue is what differs from air by more than a tenth of the
    99th percentile of all differences; its values are cut off at their 0.5 and 99.5 percentiles
    before the deviation is taken. All voxels are cut off at the upper of these, and at the lower
    where that lies below air. Nothing is centred: 0 is air, before and after padding.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        Intensities of any real type; finite.
    air : float, optional
        Left out: the value in most corners.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        All 0 where the volume has one value.
    """
    above = array.astype(np.float32) - np.float32(corner_value(array) if air is None else air)
    distance = np.abs(above)
    differing = distance[distance > 0]
    if not differing.size:
        return np.zeros(array.shape, np.float32)
    tissue = above[distance > _DARK * np.percentile(differing, 99)]
    low, high = np.percentile(tissue, (_LOW, _HIGH))
    spread = float(np.clip(tissue, low, high).std(dtype=np.float64))
    if not spread > 0:
        spread = float(np.abs(tissue).max())
    scaled: NDArray[np.float32] = np.clip(above, min(low, 0), max(high, 0)) / np.float32(spread)
    return scaled


def with_dark_air(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a brain that was z-scored with air its darkest value, not 0 as it was stored.

    nnU-Net, MONAI and others z-score over the brain and leave 0 outside: air then has the grey of
    the average tissue, and what is darker lies below it. Without this a FLAIR prepared so looks
    like no sequence at all. Other volumes are returned as they are.

    Parameters
    ----------
    array : ndarray of float32, shape (z, y, x)
    """
    if corner_value(array) != 0:
        return array
    inside = array != 0
    values = array[inside]
    if not values.size or not _is_zscored(values):
        return array
    return np.where(inside, array, max(float(values.min()), -CLIP)).astype(np.float32)


def _is_zscored(values: NDArray[np.float32]) -> bool:
    """Tell whether values have mean 0 and deviation 1, as far as resampling and clipping leave."""
    mean, spread = values.mean(dtype=np.float64), values.std(dtype=np.float64)
    return bool(abs(mean) < _OFF_CENTRE and _NARROWEST < spread < _WIDEST)
