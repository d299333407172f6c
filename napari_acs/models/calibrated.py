"""From a classifier's logits to its scores, and on to calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from napari_acs.models.calibration_spec import IsotonicKnots
    from napari_acs.models.spec import ClassifierSpec


def scores_of(spec: ClassifierSpec, logits: Tensor) -> Tensor:
    """Return softmax or sigmoid of logits over the temperature, (n, classes) float32."""
    scaled = logits.float() / spec.temperature
    return scaled.softmax(dim=1) if spec.activation == "softmax" else scaled.sigmoid()


def calibrated(spec: ClassifierSpec, scores: Tensor) -> Tensor:
    """Return probabilities, (n, classes) float32, of `scores_of`, by isotonic curves if stored.

    Every class has its own curve, against the rest (Zadrozny & Elkan 2002). Where the classes
    exclude each other the values are divided by their sum; where all are 0, the scores stand.
    """
    if spec.calibration is None or not spec.calibration.isotonic:
        return scores
    return by_curves(spec.calibration.isotonic, scores, exclusive=spec.activation == "softmax")


def by_curves(curves: Sequence[IsotonicKnots], scores: Tensor, *, exclusive: bool) -> Tensor:
    """Return scores, (n, classes), led through the curve of each class; see `calibrated`."""
    given = scores.detach().cpu().double().numpy()
    columns = [np.interp(given[:, k], c.scores, c.values) for k, c in enumerate(curves)]
    made = np.stack(columns, axis=1)
    if exclusive:
        total = made.sum(axis=1, keepdims=True)
        made = np.where(total > 0, made / np.where(total > 0, total, 1), given)
    return torch.from_numpy(made).to(scores.device, torch.float32)
