"""The features of training that a bundle stores, and the limit that held-out studies set."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from napari_acs.inference.classify_outlier import distance
from napari_acs.models.classifier_ensemble import Classifier
from napari_acs.models.feature_spec import Gaussian, TrainingFeatures
from napari_acs.training.classification.boxes import Box, middle

AXES: Final = 4
"""More follow the few cases rather than their kind: with 8, on 26 cases, fewer of the inputs of
``benchmarks/abstain.py`` were recognised."""
FEWEST: Final = 12
"""Cases; fewer tell nothing of how the rest lies."""
LEVEL: Final = 0.95
_FLOOR: Final = 0.1
"""Of the root mean square spread of all features."""


@torch.inference_mode()
def features_of(
    network: Classifier, boxes: Sequence[Box], margin: Sequence[int]
) -> list[NDArray[np.float64]]:
    """Return what each member of a network in eval mode sees of boxes: (boxes, features) each."""
    assert isinstance(network, nn.Module)
    device = next(network.parameters()).device
    rows = [network.answer(middle(box.channels, margin)[None].to(device)).seen for box in boxes]
    return [torch.cat(each).double().cpu().numpy() for each in zip(*rows, strict=True)]


def fit_gaussian(features: NDArray[np.float64], axes: int = AXES) -> Gaussian:
    """Fit probabilistic PCA to features (n, d), each of which is first scaled by its spread.

    Tipping & Bishop, J. R. Stat. Soc. B 1999, equations 7 and 8: the maximum likelihood solution,
    with the unbiased variance.
    """
    count, size = features.shape
    centre, spread = features.mean(axis=0), features.std(axis=0, ddof=1)
    # A feature that hardly varied (a channel that was silent in training) would decide all alone.
    scale = np.sqrt(spread**2 + (_FLOOR * spread) @ (_FLOOR * spread) / size) + 1e-9
    scaled = (features - centre) / scale
    _, singular, rows = np.linalg.svd(scaled, full_matrices=False)
    variances = singular**2 / (count - 1)
    kept = max(0, min(axes, count - 2, size - 1))
    rest = max(float(variances[kept:].sum()) / (size - kept), 1e-6)
    return Gaussian(
        centre=_short(centre),
        scale=_short(scale),
        axes=tuple(_short(row) for row in rows[:kept]),
        variances=_short(np.maximum(variances[:kept], rest)),
        rest=rest,
    )


def limit_of(distances: Sequence[float], level: float = LEVEL) -> float:
    """Return the distance below which a new study of the same kind lies with this probability.

    The ceil((n + 1) level)-th smallest of n held-out ones (split conformal prediction); the largest
    where there are too few for that (19 for 0.95).
    """
    rank = min(ceil(round((len(distances) + 1) * level, 9)), len(distances))
    return float(np.sort(np.asarray(distances))[rank - 1])


def training_features(
    shipped: Classifier,
    trained_on: Sequence[Sequence[Box]],
    folds: Sequence[tuple[Classifier, Sequence[Box], Sequence[Box]]],
    margin: Sequence[int],
) -> TrainingFeatures | None:
    """Return the distribution of the training's features, and the limit that held-out cases set.

    Parameters
    ----------
    shipped : Classifier
        Whose members' features are stored.
    trained_on : sequence of sequence of Box
        The cases that each member was trained on.
    folds : sequence of (Classifier, sequence of Box, sequence of Box)
        Of every fold: its network, the cases it was trained on and those it never saw.
    margin : sequence of int
        Of the boxes.

    Returns
    -------
    TrainingFeatures or None
        None where a network had too few cases.
    """
    sides = [*trained_on, *(training for _, training, _ in folds)]
    if not folds or min(map(len, sides)) < FEWEST:
        return None
    away: list[float] = []
    for network, training, held_out in folds:
        known = fit_gaussian(features_of(network, training, margin)[0])
        away += [distance(known, row) for row in features_of(network, held_out, margin)[0]]
    members = []
    for number, cases in enumerate(trained_on):
        members.append(fit_gaussian(features_of(shipped, cases, margin)[number]))
    return TrainingFeatures(
        members=tuple(members), limit=limit_of(away), level=LEVEL, cases=len(away)
    )


def _short(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Round to six figures: a bundle's description is read by people and programs."""
    return tuple(float(f"{value:.6g}") for value in values)
