"""How well a classifier does on patients that it never saw; areas and rates by scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss, roc_auc_score

RESAMPLES: Final = 1_000
_ENDS = (2.5, 97.5)


def held_out_metrics(
    probabilities: NDArray[np.floating[Any]],
    truth: Sequence[int],
    patients: Sequence[str],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """Return accuracy, balanced accuracy, log loss, and AUROC with a 95 % interval.

    The interval is by the bootstrap over patients (resamples that lack a class are drawn again).
    With three classes or more the AUROC is the mean of one class against the rest.

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
        JSON-ready; ``auroc`` and its interval only where every class occurs.
    """
    right = np.asarray(truth)
    classes = probabilities.shape[1]
    named = probabilities.argmax(axis=1)
    found: dict[str, Any] = {
        "patients": len(set(patients)),
        "cases": len(right),
        "by_class": [int(np.count_nonzero(right == one)) for one in range(classes)],
        "accuracy": float(accuracy_score(right, named)),
        "balanced_accuracy": float(balanced_accuracy_score(right, named)),
        "log_loss": float(log_loss(right, probabilities, labels=list(range(classes)))),
    }
    if len(set(right.tolist())) == classes:
        found["auroc"] = auroc(probabilities, right)
        low, high = _interval(probabilities, right, patients, seed, resamples)
        found["auroc_interval"] = [low, high]
    return found


def auroc(probabilities: NDArray[np.floating[Any]], truth: NDArray[np.int_]) -> float:
    """Return the area under the ROC curve; macro, one against the rest, for several classes."""
    if probabilities.shape[1] == 2:
        return float(roc_auc_score(truth, probabilities[:, 1]))
    return float(roc_auc_score(truth, probabilities, multi_class="ovr"))


def _interval(
    probabilities: NDArray[np.floating[Any]],
    truth: NDArray[np.int_],
    patients: Sequence[str],
    seed: int,
    resamples: int,
) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    names = sorted(set(patients))
    rows = {name: [i for i, whose in enumerate(patients) if whose == name] for name in names}
    values: list[float] = []
    for _ in range(50 * resamples):
        drawn = rng.choice(len(names), len(names))
        chosen = [row for i in drawn for row in rows[names[i]]]
        if len(set(truth[chosen].tolist())) == probabilities.shape[1]:
            values.append(auroc(probabilities[chosen], truth[chosen]))
            if len(values) == resamples:
                break
    low, high = np.percentile(values, _ENDS)
    return float(low), float(high)
