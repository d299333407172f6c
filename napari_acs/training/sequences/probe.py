"""A head to start from: logistic regression on what the pretrained trunk sees.

Training then starts from a classifier that works, and the trunk is not torn apart by a random head
(Kumar et al. 2022, arXiv:2202.10054). It costs one look at each box.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from napari_acs.models.classifier import ACSClassifier

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STRENGTH = 0.03
"""Inverse of the ridge, on standardised features."""


@torch.no_grad()
def features_of(
    network: ACSClassifier, boxes: NDArray[np.float16], file: Path, batch: int = 8
) -> NDArray[np.float32]:
    """Return a network's pooled features (n, features), computed once and kept in ``file``."""
    if file.is_file():
        kept: NDArray[np.float32] = np.load(file, allow_pickle=False)
        return kept
    network.eval()
    parts = [
        network.features(torch.from_numpy(boxes[i : i + batch]).float()[:, None])
        for i in range(0, len(boxes), batch)
    ]
    found = torch.cat(parts).numpy()
    np.save(file, found)
    return found


def start_head(
    network: ACSClassifier, features: NDArray[np.float32], classes: NDArray[np.int64]
) -> None:
    """Set the linear layer, in place, to the logistic regression of classes on features.

    Parameters
    ----------
    network : ACSClassifier
    features : ndarray, shape (n, features)
        Of the boxes that may be seen.
    classes : ndarray of int, shape (n,)
        Every class must be there.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 (a second)

    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    fitted = LogisticRegression(C=_STRENGTH, max_iter=200, class_weight="balanced").fit(
        (features - mean) / spread, classes
    )
    weight = fitted.coef_ / spread
    linear = network.head[-1]
    assert isinstance(linear, nn.Linear)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(weight).float())
        linear.bias.copy_(torch.from_numpy(fitted.intercept_ - weight @ mean).float())
