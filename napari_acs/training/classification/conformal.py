"""How often conformal prediction sets hold the true class: measured fold by fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scipy.stats import binomtest

from napari_acs.inference.classify_sets import prediction_set
from napari_acs.models.calibration_spec import HeldOutScores

if TYPE_CHECKING:
    from napari_acs.training.classification.recipe import ClassificationRecipe


def held_out_scores(
    recipe: ClassificationRecipe, scores: Sequence[Sequence[float]], truth: Sequence[int]
) -> HeldOutScores:
    """Return what a bundle stores of its held-out cases: scores (n, classes) and classes (n)."""
    return HeldOutScores(
        scores=tuple(tuple(round(p, 6) for p in row) for row in scores),
        truth=tuple((label,) for label in truth),
        coverage=recipe.coverage,
        conformal=recipe.conformal,
    )


def coverage_by_fold(held: HeldOutScores, folds: Sequence[int], classes: int) -> dict[str, Any]:
    """Judge the sets of each fold's cases by the cases of the other folds.

    Parameters
    ----------
    held : HeldOutScores
        Of all cases.
    folds : sequence of int
        Which network judged each case.
    classes : int

    Returns
    -------
    dict
        JSON-ready: ``stated``; ``covered`` [cases, of all] and its ``interval`` (Clopper-Pearson,
        95 %); ``by_class`` the same counts; ``mean_size`` of the sets; ``single``, how many hold
        one class.
    """
    sizes, hits = [], []
    for place, row in enumerate(held.scores):
        others = [i for i, fold in enumerate(folds) if fold != folds[place]]
        known = held.model_copy(
            update={
                "scores": tuple(held.scores[i] for i in others),
                "truth": tuple(held.truth[i] for i in others),
            }
        )
        members = prediction_set(known, row, exclusive=True).members
        sizes.append(len(members))
        hits.append(held.truth[place][0] in members)
    by_class = [
        [
            sum(hit for hit, (label,) in zip(hits, held.truth, strict=True) if label == k),
            sum(label == k for (label,) in held.truth),
        ]
        for k in range(classes)
    ]
    interval = binomtest(sum(hits), len(hits)).proportion_ci(0.95, method="exact")
    return {
        "stated": held.coverage,
        "kind": held.conformal,
        "covered": [sum(hits), len(hits)],
        "interval": [float(interval.low), float(interval.high)],
        "by_class": by_class,
        "mean_size": sum(sizes) / len(sizes),
        "single": sum(size == 1 for size in sizes),
    }
