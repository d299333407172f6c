"""Temperature scaling (Guo et al. 2017), fitted on patients that the network never saw."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

BOUNDS: Final = (0.25, 8.0)
"""Of the temperature; few patients, all of them right, would ask for certainty."""


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
