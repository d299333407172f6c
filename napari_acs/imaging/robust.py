"""Intensities of a whole volume on one scale, with a skull or without: air stays 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.brain import corner_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DARK = 0.1
"""What is nearer to air than this part of the largest differences (99th percentile) is air."""
_LOW, _HIGH = 0.5, 99.5


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
