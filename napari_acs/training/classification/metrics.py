"""How well a classifier does on patients that it never saw; areas and rates by scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    log_loss,
    roc_auc_score,
)

from napari_acs.training.classification.reliability import calibration_error

RESAMPLES: Final = 1_000
_ENDS = (2.5, 97.5)


def held_out_metrics(
    probabilities: NDArray[np.floating[Any]],
    truth: Sequence[int],
    patients: Sequence[str],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """Return figures of a classifier, each with a 95 % interval where every class occurs.

    Accuracy, balanced accuracy, log loss, AUROC, AUPRC, Brier score and expected calibration
    error. The intervals, under ``<figure>_interval``, are by the bootstrap over patients
    (resamples that lack a class are drawn again). That of the calibration error lies too high: a
    resample repeats cases, which then seem worse calibrated.

    Parameters
    ----------
    probabilities : ndarray, shape (n, classes)
        Rows sum to 1.
    truth : sequence of int
        The right class of each row.
    patients : sequence of str
        Whose row it is.

    Returns
    -------
    dict
        JSON-ready; areas and intervals only where every class occurs.
    """
    right = np.asarray(truth)
    classes = probabilities.shape[1]
    found: dict[str, Any] = {
        "patients": len(set(patients)),
        "cases": len(right),
        "by_class": [int(np.count_nonzero(right == one)) for one in range(classes)],
        "log_loss": float(log_loss(right, probabilities, labels=list(range(classes)))),
    }
    whole = len(set(right.tolist())) == classes
    found |= {name: f(probabilities, right) for name, f in FIGURES.items()}
    if whole:
        found |= {name: f(probabilities, right) for name, f in AREAS.items()}
        drawn = _resampled(probabilities, right, patients, seed, resamples)
        for name, values in drawn.items():
            low, high = np.percentile(values, _ENDS)
            found[f"{name}_interval"] = [float(low), float(high)]
    return found


def accuracy(probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int_]) -> float:
    """Return how often the most probable class is the right one."""
    return float(accuracy_score(truth, probabilities.argmax(axis=1)))


def balanced_accuracy(probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int_]) -> float:
    """Return the mean over the classes of how often their cases are told rightly."""
    return float(balanced_accuracy_score(truth, probabilities.argmax(axis=1)))


def auroc(probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int_]) -> float:
    """Return the area under the ROC curve; macro, one against the rest, for several classes."""
    if probabilities.shape[1] == 2:
        return float(roc_auc_score(truth, probabilities[:, 1]))
    return float(roc_auc_score(truth, probabilities, multi_class="ovr"))


def auprc(probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int_]) -> float:
    """Return the average precision of class 1; the mean over all, for several classes.

    Of a classifier that knows nothing it is the share of the class, not a half.
    """
    if probabilities.shape[1] == 2:
        return float(average_precision_score(truth, probabilities[:, 1]))
    each = np.eye(probabilities.shape[1])[truth]
    return float(average_precision_score(each, probabilities))


def brier(probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int_]) -> float:
    """Return the mean squared difference of the probabilities from what was so.

    Of class 1 where there are two (0 to 1), else the sum over the classes (0 to 2), as in
    scikit-learn.
    """
    each = np.eye(probabilities.shape[1])[truth]
    total = float(((probabilities - each) ** 2).sum(axis=1).mean())
    return total / 2 if probabilities.shape[1] == 2 else total


Figure = Callable[[NDArray[np.floating[Any]], NDArray[np.int_]], float]

AREAS: Final[Mapping[str, Figure]] = {"auroc": auroc, "auprc": auprc}
"""Figures that need a case of every class."""
FIGURES: Final[Mapping[str, Figure]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "brier": brier,
    "ece": calibration_error,
}


def _resampled(
    probabilities: NDArray[np.floating[Any]],
    truth: NDArray[np.int_],
    patients: Sequence[str],
    seed: int,
    resamples: int,
) -> dict[str, list[float]]:
    """Return every figure of each bootstrap sample of the patients."""
    rng = np.random.default_rng(seed)
    names = sorted(set(patients))
    rows = {name: [i for i, whose in enumerate(patients) if whose == name] for name in names}
    figures = {**AREAS, **FIGURES}
    values: dict[str, list[float]] = {name: [] for name in figures}
    for _ in range(50 * resamples):
        drawn = rng.choice(len(names), len(names))
        chosen = [row for i in drawn for row in rows[names[i]]]
        if len(set(truth[chosen].tolist())) == probabilities.shape[1]:
            for name, figure in figures.items():
                values[name].append(figure(probabilities[chosen], truth[chosen]))
            if len(values["auroc"]) == resamples:
                break
    return values
