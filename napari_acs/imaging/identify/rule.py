"""The fixed rule from image features to sequences, and how it was fitted.

A softmax over six features (`FEATURES`), and a normal distribution of the rank correlation for
each pair of sequences. Fitted by ``benchmarks/identify.py --fit`` on 27 patients (26 cases of
BraTS 2018-2021 and the co-registered TCGA-FG-6692; ridge 0.01), all skull-stripped, so these
numbers know of no other kind of image (diffusion, proton density) and little of whole heads.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging.names import SEQUENCES

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Rule:
    """Coefficients of the softmax and of the pairs.

    Attributes
    ----------
    mean, spread : tuple of float
        Of the six features, to standardise them.
    weights : tuple of tuple of float
        Seven rows (six features, then the constant) of four columns (`SEQUENCES`).
    pairs : tuple of tuple of float
        Mean and spread of the rank correlation of each pair, in the order of
        ``itertools.combinations(SEQUENCES, 2)``.
    """

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    pairs: tuple[tuple[float, float], ...]

    def log_chances(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logarithm of the four chances for features (6,)."""
        scaled = (values - self.mean) / np.array(self.spread)
        scores = np.append(scaled, 1.0) @ np.array(self.weights)
        return normalised(scores)

    def log_pair(self, first: int, second: int, correlation: float) -> float:
        """Say how well a rank correlation fits a pair of sequences (by index), as a logarithm.

        Weighed by half: the three correlations of a volume are not independent.
        """
        if not np.isfinite(correlation):
            return 0.0
        a, b = min(first, second), max(first, second)
        pairs = list(itertools.combinations(range(len(SEQUENCES)), 2))
        mean, spread = self.pairs[pairs.index((a, b))]
        return float(0.5 * (-0.5 * ((correlation - mean) / spread) ** 2 - np.log(spread)))


def normalised(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift logarithms so that their chances add up to 1."""
    top = scores.max()
    shifted: NDArray[np.float64] = scores - top - np.log(np.exp(scores - top).sum())
    return shifted


def assign(
    chances: Sequence[NDArray[np.float64]],
    correlations: Mapping[tuple[int, int], float],
    fixed: Mapping[int, int],
    rule: Rule,
) -> NDArray[np.float64]:
    """Weigh all ways to give each volume another sequence.

    Parameters
    ----------
    chances : sequence of ndarray, shape (4,)
        Logarithms, of one volume each; at most four.
    correlations : mapping of (i, j) to float
        Of the pairs of volumes that lie on one grid.
    fixed : mapping of int to int
        Volumes whose sequence is known.

    Returns
    -------
    ndarray, shape (volumes, 4)
        The chance of each volume to be each sequence.
    """
    count = len(chances)
    ways = [
        way
        for way in itertools.permutations(range(len(SEQUENCES)), count)
        if all(way[i] == sequence for i, sequence in fixed.items())
    ]
    scores = []
    for way in ways:
        score = sum(float(chances[i][sequence]) for i, sequence in enumerate(way))
        score += sum(rule.log_pair(way[i], way[j], r) for (i, j), r in correlations.items())
        scores.append(score)
    together = np.zeros((count, len(SEQUENCES)))
    for way, weight in zip(ways, np.exp(normalised(np.array(scores))), strict=True):
        together[np.arange(count), way] += weight
    return together


def fit(
    features: NDArray[np.float64],
    sequences: Sequence[int],
    pairs: Mapping[tuple[int, int], Sequence[float]],
) -> Rule:
    """Fit a rule; for ``benchmarks/identify.py``, which states how good it is.

    Parameters
    ----------
    features : ndarray, shape (n, 6)
    sequences : sequence of int
        Index in `SEQUENCES` of each row.
    pairs : mapping of (int, int) to sequence of float
        Rank correlations that were seen for each pair of sequences (smaller index first).
    """
    mean, spread = features.mean(axis=0), features.std(axis=0)
    x = np.hstack([(features - mean) / spread, np.ones((len(features), 1))])
    target = np.eye(len(SEQUENCES))[list(sequences)]
    weights = np.zeros((x.shape[1], len(SEQUENCES)))
    ridge = np.full((x.shape[1], 1), 0.01)
    ridge[-1] = 0
    for _ in range(3000):
        chance = np.exp(x @ weights)
        chance /= chance.sum(axis=1, keepdims=True)
        weights -= 0.5 * (x.T @ (chance - target) / len(x) + ridge * weights)
    seen = [pairs[pair] for pair in itertools.combinations(range(len(SEQUENCES)), 2)]
    return Rule(
        tuple(mean.round(3).tolist()),
        tuple(spread.round(3).tolist()),
        tuple(map(tuple, weights.round(2).tolist())),
        tuple((round(float(np.mean(r)), 2), round(max(float(np.std(r)), 0.08), 2)) for r in seen),
    )
