"""Whether left is left in every sequence."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.subject import Subject, titles
from napari_acs.imaging.coarse import Coarse, eroded

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARGIN = 0.05
"""By so much the edges of one image must fit the mirror image of the others better.

Correlation of the ranks of edge strength, straight minus mirrored: over the 26 BraTS cases
between +0.02 and +0.68 for a pair; the mean of one sequence against its three partners is never
below +0.07, and as far below zero when that sequence is mirrored (``benchmarks/check.py``).
"""
_FEWEST = 3000
"""Voxels deep in the brain, below which a correlation is chance. (BraTS: 20 000 and more.)"""


def sides(subject: Subject) -> CheckLine:
    """Make a sequence red that fits the others better when mirrored."""
    shown = subject.shown
    if len(shown) < 2:
        return CheckLine("sides", "green", "Left and right: nothing to compare with")
    first = next(iter(shown))
    keys = [key for key in subject.on_grid_of(first) if key in shown]
    apart = [key for key in shown if key not in keys]
    note = f"{titles(apart)} can only be compared once aligned" if apart else ""
    if len(keys) < 2:
        return CheckLine("sides", "green", "Left and right are as the headers say", note)
    mirrored = _mirrored(_gains({key: shown[key] for key in keys}), keys)
    if not mirrored:
        return CheckLine("sides", "green", "Left and right agree among the sequences", note)
    if len(keys) == 2:
        found = f"{titles(keys)} look like mirror images of each other"
    else:
        verb = "looks" if len(mirrored) == 1 else "look"
        found = f"{titles(mirrored)} {verb} like the mirror image of the others"
    return CheckLine(
        "sides",
        "red",
        "Left and right are swapped in a sequence",
        found,
        "Convert this sequence again from its DICOM files, and compare the side of the lesion",
    )


def _gains(seen: dict[str, Coarse]) -> dict[frozenset[str], float]:
    """Say for each pair how much better it fits straight than mirrored."""
    edges = {key: _edges(one.array) for key, one in seen.items()}
    gains = {}
    for a, b in itertools.combinations(seen, 2):
        straight = _fit(edges[a], edges[b], seen[a].inside & seen[b].inside)
        flipped = _fit(edges[a][..., ::-1], edges[b], seen[a].inside[..., ::-1] & seen[b].inside)
        gains[frozenset((a, b))] = straight - flipped
    return gains


def _mirrored(gains: dict[frozenset[str], float], keys: list[str]) -> list[str]:
    """Name the sequences whose turning would make all agree: the fewest that do."""
    if len(keys) == 2:
        return keys if gains[frozenset(keys)] < -MARGIN else []
    best: tuple[float, list[str]] = (-np.inf, [])
    for count in range(len(keys) // 2 + 1):
        for turned in itertools.combinations(keys, count):
            total = sum(
                -gain if len(pair.intersection(turned)) == 1 else gain
                for pair, gain in gains.items()
            ) / (len(keys) - 1)
            # Turning must gain something: when in doubt nothing is mirrored.
            if total - 2 * MARGIN * bool(turned) > best[0]:
                best = (total - 2 * MARGIN * bool(turned), list(turned))
    return best[1]


def _edges(array: NDArray[np.float32]) -> NDArray[np.floating]:
    """Return how strong edges are: alike in all sequences, whatever is bright in them."""
    smooth: NDArray[np.floating] = array
    for axis in range(3):
        smooth = (np.roll(smooth, 1, axis) + 2 * smooth + np.roll(smooth, -1, axis)) / 4
    strength: NDArray[np.floating] = np.zeros_like(smooth)
    for axis in range(3):
        strength += np.gradient(smooth, axis=axis) ** 2
    return strength


def _fit(a: NDArray[np.floating], b: NDArray[np.floating], inside: NDArray[np.bool_]) -> float:
    """Correlate ranks within a mask, away from its border, which is the same in all."""
    deep = eroded(inside, 3, (0, 1, 2))
    if np.count_nonzero(deep) < _FEWEST:
        return 0.0
    first, second = (np.argsort(np.argsort(one[deep])).astype(np.float64) for one in (a, b))
    return float(np.corrcoef(first, second)[0, 1])
