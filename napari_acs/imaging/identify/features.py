"""What a volume's grey values say about its sequence: six numbers that keep no unit.

All are on the brain's own scale (0 is the median, 1 the distance of the quartiles), so they are
the same whatever the scanner's gain, and for z-scored or 8-bit copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging.coarse import Coarse, coarse, eroded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.volume import Volume

FEATURES = ("dark", "bright", "brightest", "skew", "rim", "core")
"""``dark``, ``bright``, ``brightest``: the 5, 90 and 99.5 percentiles, as signed logarithms;
``skew``: asymmetry of the quartiles; ``rim``, ``core``: the median of the outermost 6 mm (sulci
and cortex) and of what is deeper than 12 mm (mostly white matter)."""

_FEWEST = 500
"""Voxels of brain, below which nothing is said."""
_SCALP = 5
"""Steps of about 3 mm from a head's surface to its brain."""
_HEIGHTS = (0.50, 0.88)
"""Part of a head's height that is mostly brain: above the orbits and the skull base."""


@dataclass(frozen=True, eq=False)
class Looks:
    """The features of one volume.

    Attributes
    ----------
    values : ndarray of float64, shape (6,)
        In the order of `FEATURES`.
    seen : Coarse
        The voxels they were computed from.
    brain : ndarray of bool, shape (z, y, x)
        The voxels of ``seen`` that were taken as brain.
    """

    values: NDArray[np.float64]
    seen: Coarse
    brain: NDArray[np.bool_]


def look(volume: Volume | Coarse) -> Looks | None:
    """Measure the features of a volume; None where it shows too little of a brain."""
    seen = volume if isinstance(volume, Coarse) else coarse(volume)
    if seen is None:
        return None
    brain = seen.inside if seen.stripped else _within_head(seen.inside)
    inside = seen.array[brain]
    if inside.size < _FEWEST:
        return None
    p5, p25, p50, p75, p90, p995 = np.percentile(inside, (5, 25, 50, 75, 90, 99.5)).tolist()
    scale = p75 - p25
    if scale <= 0:
        return None
    surface = eroded(brain, 2)
    deep = eroded(surface, 2)

    def median_of(where: NDArray[np.bool_]) -> float:
        return (float(np.median(seen.array[where])) - p50) / scale if where.any() else 0.0

    values = [
        _log((p5 - p50) / scale),
        _log((p90 - p50) / scale),
        _log((p995 - p50) / scale),
        (p75 + p25 - 2 * p50) / scale,
        median_of(brain & ~surface),
        median_of(deep),
    ]
    return Looks(np.array(values), seen, brain)


def rank_correlation(first: Looks, second: Looks) -> float:
    """Correlate the ranks of two volumes on one grid (Spearman), where both show brain.

    Returns
    -------
    float
        -1 to 1; NaN where they share too few voxels.
    """
    both = first.brain & second.brain
    if np.count_nonzero(both) < _FEWEST:
        return float("nan")
    a, b = _ranks(first.seen.array[both]), _ranks(second.seen.array[both])
    return float(np.corrcoef(a, b)[0, 1])


def _within_head(head: NDArray[np.bool_]) -> NDArray[np.bool_]:
    used = np.flatnonzero(head.any(axis=(1, 2)))
    if not used.size:
        return head
    first, height = int(used[0]), int(used[-1] - used[0] + 1)
    low, high = (first + int(part * height) for part in _HEIGHTS)
    brain = np.zeros_like(head)
    brain[low : high + 1] = eroded(head, _SCALP)[low : high + 1]
    return brain


def _log(value: float) -> float:
    return float(np.sign(value) * np.log1p(abs(value)))


def _ranks(values: NDArray[np.float32]) -> NDArray[np.float64]:
    ranks = np.empty(values.size)
    ranks[np.argsort(values, kind="stable")] = np.arange(values.size)
    return ranks
