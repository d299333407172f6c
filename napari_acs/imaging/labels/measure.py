"""Volume and centroid of every label, from an array and an affine: what a proof compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Measured:
    """One label: number of voxels, volume in ml, and centroid (x, y, z) in LPS mm."""

    voxels: int
    volume_ml: float
    centroid: tuple[float, float, float]


def measure(labels: NDArray[Any], affine: NDArray[np.float64]) -> dict[int, Measured]:
    """Measure every label but 0.

    Parameters
    ----------
    labels : ndarray of uint8, shape (z, y, x)
    affine : ndarray, shape (4, 4)
        From an index (x, y, z, 1) to LPS mm.

    Returns
    -------
    dict of int to Measured
        By label value, ascending.
    """
    at = np.flatnonzero(labels)
    values = labels.reshape(-1)[at]
    # Only labelled voxels are looked at: a tumour is a few per cent of the head.
    zyx = np.unravel_index(at, labels.shape)
    counts = np.bincount(values, minlength=256)
    sums = np.stack([np.bincount(values, axis, minlength=256) for axis in reversed(zyx)])
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) / 1000.0
    found = {}
    for value in np.flatnonzero(counts).tolist():
        count = int(counts[value])
        x, y, z = (affine[:3, :3] @ (sums[:, value] / count) + affine[:3, 3]).tolist()
        found[value] = Measured(count, count * voxel_ml, (x, y, z))
    return found
