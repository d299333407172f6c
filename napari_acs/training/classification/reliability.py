"""The reliability curve: how often predictions of each height came true."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 10


def reliability(
    probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int_]
) -> list[dict[str, float | int]]:
    """Return the bins of the most probable class, of equal width; empty ones are left out.

    Parameters
    ----------
    probabilities : ndarray, shape (n, classes)
    truth : ndarray of int, shape (n)

    Returns
    -------
    list of dict
        ``predicted`` (mean probability), ``observed`` (how often it was right) and ``count``.
    """
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    return [
        {
            "predicted": float(sure[place == b].mean()),
            "observed": float(right[place == b].mean()),
            "count": int((place == b).sum()),
        }
        for b in range(BINS)
        if (place == b).any()
    ]


def calibration_error(probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int_]) -> float:
    """Return the expected calibration error of the most probable class, in 10 bins (0 to 1).

    Naeini et al., AAAI 2015; Guo et al., ICML 2017.
    """
    bins = reliability(probabilities, truth)
    return sum(abs(b["observed"] - b["predicted"]) * b["count"] for b in bins) / len(truth)
