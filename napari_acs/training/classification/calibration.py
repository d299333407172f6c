"""Calibration, fitted on patients that the network never saw.

Temperature scaling (Guo et al. 2017), and isotonic curves after it if wanted (Zadrozny & Elkan
2002), which need hundreds of cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from sklearn.isotonic import IsotonicRegression
from torch import Tensor

from napari_acs.models.calibrated import by_curves
from napari_acs.models.calibration_spec import IsotonicKnots

Method = Literal["temperature", "isotonic"]

BOUNDS: Final = (0.25, 8.0)
"""Of the temperature; few patients, all of them right, would ask for certainty."""


@dataclass(frozen=True)
class Fitted:
    """A calibration of classes that exclude each other: a temperature, and curves or none."""

    temperature: float
    curves: tuple[IsotonicKnots, ...] = ()

    def scores(self, logits: Tensor) -> Tensor:
        """Return the softmax of logits (n, classes) over the temperature, float64."""
        return (logits.double() / self.temperature).softmax(dim=1)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return calibrated probabilities (n, classes) of logits."""
        scores = self.scores(logits)
        if not self.curves:
            return scores
        found = by_curves(self.curves, scores, exclusive=True).double()
        return found / found.sum(dim=1, keepdim=True)  # exact where float32 is not


def fit_calibration(logits: Tensor, truth: Tensor, method: Method) -> Fitted:
    """Fit a calibration to the logits (n, classes) and classes (n) of held-out cases."""
    first = Fitted(fit_temperature(logits, truth))
    if method == "temperature":
        return first
    scores = first.scores(logits).numpy()
    right = truth.numpy()
    return Fitted(
        first.temperature,
        tuple(_curve(scores[:, k], right == k) for k in range(scores.shape[1])),
    )


def cross_fitted(
    logits: Tensor, truth: Tensor, folds: Sequence[int], method: Method
) -> tuple[Tensor, Tensor]:
    """Return probabilities before and after calibration, each by a fit without its own fold.

    Parameters
    ----------
    logits : Tensor, shape (n, classes)
        Of held-out cases.
    truth : Tensor of int64, shape (n)
    folds : sequence of int
        Which network judged each case.
    method : {"temperature", "isotonic"}

    Returns
    -------
    tuple of Tensor, each (n, classes) float64
        The softmax as it is, and calibrated.
    """
    before = logits.double().softmax(dim=1)
    after = torch.empty_like(before)
    which = torch.tensor(folds)
    for fold in sorted(set(folds)):
        own = which == fold
        fitted = fit_calibration(logits[~own], truth[~own], method)
        after[own] = fitted.probabilities(logits[own])
    return before, after


def fit_temperature(logits: Tensor, truth: Tensor) -> float:
    """Return the temperature, within `BOUNDS`, that makes the truth most likely.

    Parameters
    ----------
    logits : Tensor, shape (n, classes)
        Of held-out cases.
    truth : Tensor of int64, shape (n)
    """

    def loss(log_temperature: float) -> float:
        scaled = logits.double() / float(np.exp(log_temperature))
        return float(torch.nn.functional.cross_entropy(scaled, truth))

    low, high = (float(np.log(end)) for end in BOUNDS)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def _curve(scores: np.ndarray, truth: np.ndarray) -> IsotonicKnots:
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, truth)
    return IsotonicKnots(
        scores=tuple(fitted.X_thresholds_.tolist()), values=tuple(fitted.y_thresholds_.tolist())
    )
