"""How good and how honest predictions are: accuracy, confusion, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray


def chances(logits: NDArray[np.float64], temperature: float = 1.0) -> NDArray[np.float64]:
    """Return probabilities (n, classes) of logits."""
    made: NDArray[np.float64] = softmax(logits / temperature, axis=1)
    return made


def fitted_temperature(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the temperature with the least log loss (Guo et al. 2017).

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
        Of cases that the networks never saw.
    truth : ndarray of int, shape (n,)
    """

    def loss(log_temperature: float) -> float:
        told = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(told[np.arange(len(truth)), truth].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 3.0), method="bounded").x))


def confusion(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Return how often each class (row) was taken for each (column)."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, probabilities.argmax(axis=1)), 1)
    return table
