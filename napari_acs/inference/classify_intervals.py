"""Probability intervals by inductive Venn-Abers prediction (Vovk & Petej, UAI 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

if TYPE_CHECKING:
    from napari_acs.models.calibration_spec import HeldOutScores


def venn_abers(
    scores: NDArray[np.float64], truth: NDArray[np.bool_], score: float
) -> tuple[float, float]:
    """Return the two probabilities of a class, as if the new case lacked it and as if it had it.

    Parameters
    ----------
    scores : ndarray, shape (n)
        Of held-out cases.
    truth : ndarray of bool, shape (n)
        Whether each has the class.
    score : float
        Of the new case.

    Returns
    -------
    (float, float)
        p0 <= p1: isotonic regression of all cases and the new one, labelled 0 and then 1, at the
        new one's score (Vovk & Petej 2014, section 5). For exchangeable cases one of the two is a
        perfectly calibrated prediction. It is no confidence interval.
    """
    ends = [_isotonic_at(scores, truth, score, label) for label in (0.0, 1.0)]
    return ends[0], ends[1]


def intervals_of(held: HeldOutScores, scores: Sequence[float]) -> list[tuple[float, float]]:
    """Return `venn_abers` of every class against the rest."""
    known = np.asarray(held.scores, np.float64)
    has = [np.array([k in row for row in held.truth]) for k in range(len(scores))]
    return [venn_abers(known[:, k], has[k], each) for k, each in enumerate(scores)]


def _isotonic_at(
    scores: NDArray[np.float64], truth: NDArray[np.bool_], score: float, label: float
) -> float:
    x, y = np.append(scores, score), np.append(truth.astype(np.float64), label)
    places, inverse = np.unique(x, return_inverse=True)  # equal scores get one value
    counts = np.bincount(inverse).astype(np.float64)
    means = np.bincount(inverse, weights=y) / counts
    fitted = isotonic_regression(means, weights=counts).x
    return float(np.clip(fitted[np.searchsorted(places, score)], 0, 1))
