"""How unsure a segmentation is, voxel by voxel. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.inference.maps import RegionMaps
    from napari_acs.inference.messages import Segmentation

_ENTROPY = "entropy of the region probabilities"
_SPREAD = "standard deviation of the probabilities over mirrored views and models"

OPEN = (0.2, 0.8)
"""A probability in between leaves it open whether a voxel belongs to a region."""

APART = 0.1
"""Probabilities of one voxel with at least this standard deviation contradict each other."""


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """A map of uncertainty, and what people are told that it is.

    Attributes
    ----------
    values : ndarray of float16, shape (z, y, x)
        In the box of the region maps; read-only.
    title : str
        What it is a map of.
    level : float
        A voxel with this much or more is unsure.
    limit : float
        The most that there can be: the upper end of a colour scale.
    says : str
        What a volume of unsure voxels is a volume of.
    """

    values: NDArray[np.float16]
    title: str
    level: float
    limit: float
    says: str


def entropy(maps: RegionMaps) -> NDArray[np.float16]:
    """Return the entropy of each voxel, in bits: that of the region which it is largest for.

    A voxel belongs to a region or not, so the entropy is that of a yes or no with probability p
    (Shannon 1948, section 6), ``-p log2(p) - (1 - p) log2(1 - p)``: 1 at p = 0.5, 0 where p is 0
    or 1. Regions are nested and not independent, so their entropies are not added up.

    Returns
    -------
    ndarray of float16, shape (z, y, x)
        In the box of the maps, 0 to 1.
    """
    largest = _largest_entropy(maps.values)
    largest.setflags(write=False)
    return largest


def _largest_entropy(regions: NDArray[np.float16]) -> NDArray[np.float16]:
    """Return the largest entropy along the first axis of probabilities."""
    # One value for each half float from 0 to 1, of which there are 15361: to look them up is
    # faster than to take millions of logarithms.
    one = int(np.float16(1).view(np.int16))
    table = _bits(np.arange(one + 1, dtype=np.int16).view(np.float16)).astype(np.float16)
    largest = np.zeros(regions.shape[1:], np.float16)
    for values in regions:
        found = table[values.view(np.int16).clip(0, one)]
        # half floats that are not below 0 have the order of their bits
        np.maximum(largest.view(np.int16), found.view(np.int16), out=largest.view(np.int16))
    return largest


def mean_uncertainty(
    maps: RegionMaps, spread: NDArray[np.float16] | None, labels: NDArray[np.uint8]
) -> dict[str, Any] | None:
    """Return one figure for a mask: the mean of its map of uncertainty over its labelled voxels.

    Only those voxels are looked at, so it takes milliseconds.

    Parameters
    ----------
    maps : RegionMaps
    spread : ndarray of float16, shape (z, y, x), or None
        In the box of the maps; see `Segmentation.spread`.
    labels : ndarray of uint8, shape (z, y, x)
        In the box of the maps.

    Returns
    -------
    dict or None
        JSON-ready: ``mean``, and what it is the mean ``of`` (see `uncertainty_of`: figures of
        different maps are on different scales). None where nothing is labelled.
    """
    where = labels > 0
    if not where.any():
        return None
    values = _largest_entropy(maps.values[:, where]) if spread is None else spread[where]
    mean = float(values.mean(dtype=np.float64))
    return {"mean": mean, "of": _ENTROPY if spread is None else _SPREAD}


def uncertainty_of(segmentation: Segmentation) -> Uncertainty | None:
    """Return the map that a segmentation offers, or None where it kept no probabilities.

    Where the network saw several views of the study, or there were several networks, it is how far
    they are apart; otherwise the entropy of the probabilities.
    """
    maps = segmentation.probabilities
    if maps is None:
        return None
    if segmentation.spread is not None:
        return Uncertainty(
            segmentation.spread,
            _SPREAD,
            APART,
            0.5,  # half of the values 0, half of them 1
            f"where views differ by {APART:g} or more",
        )
    low, high = OPEN
    level = float(_bits(np.array(low)).astype(np.float16))
    says = f"with a probability of {low:g} to {high:g}"
    return Uncertainty(entropy(maps), _ENTROPY, level, 1.0, says)


def _bits(p: NDArray[np.floating]) -> NDArray[np.float64]:
    p = p.astype(np.float64)
    yes, no = (q * np.log2(q, where=q > 0, out=np.zeros_like(q)) for q in (p, 1 - p))
    bits: NDArray[np.float64] = np.maximum(0.0, -(yes + no))
    return bits
