"""What a training came to: held-out figures by case, and all that a bundle learns from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from napari_acs.models.classifier_ensemble import Classifier
from napari_acs.training.classification.boxes import Box
from napari_acs.training.classification.calibration import Fitted, cross_fitted, fit_calibration
from napari_acs.training.classification.conformal import held_out_scores, measured_coverage
from napari_acs.training.classification.features import training_features
from napari_acs.training.classification.metrics import held_out_metrics
from napari_acs.training.classification.recipe import ClassificationRecipe
from napari_acs.training.classification.reliability import calibration_error, reliability
from napari_acs.training.classification.stages import Stage, shipped_of
from napari_acs.training.classification.task import logits_of


@dataclass(frozen=True)
class TrainingOutcome:
    """The figures, and the fields of ``model.json`` that follow from held-out cases.

    Attributes
    ----------
    metrics : dict
        JSON-ready.
    fields : mapping
        ``temperature`` and, where there were held-out cases, ``calibration``, ``held_out`` and
        ``features``.
    """

    metrics: dict[str, Any]
    fields: Mapping[str, Any] = field(default_factory=dict)


def judged(
    recipe: ClassificationRecipe,
    stages: Sequence[Stage],
    network_of: Callable[[Stage], Classifier],
    shipped: Classifier,
    fresh: Sequence[Box],
) -> TrainingOutcome:
    """Judge every case by the network that never saw its patient, and calibrate by that.

    The calibration of a case whose figures are told is fitted without its fold; that which ships
    is fitted on all held-out cases.

    Parameters
    ----------
    recipe : ClassificationRecipe
    stages : sequence of Stage
        Trained.
    network_of : callable
        Gives the trained network of a stage as it is used, in eval mode.
    shipped : Classifier
        What goes into the bundle, in eval mode.
    fresh : sequence of Box
        Phantoms that no network saw; judged by what ships.
    """
    folds = [stage for stage in stages if stage.held_out]
    metrics: dict[str, Any] = {}
    fields: dict[str, Any] = {"temperature": 1.0}
    fitted = Fitted(1.0)
    if folds:
        parts = [logits_of(network_of(s), s.held_out, recipe.margin) for s in folds]
        boxes = [box for stage in folds for box in stage.held_out]
        which = [number for number, stage in enumerate(folds) for _ in stage.held_out]
        logits, truth = torch.cat(parts), torch.tensor([box.label for box in boxes])
        fitted = fit_calibration(logits, truth, recipe.calibration)
        before, after = cross_fitted(logits, truth, which, recipe.calibration)
        held = held_out_scores(recipe, fitted.scores(logits).tolist(), truth.tolist())
        fields = {
            "temperature": round(fitted.temperature, 4),
            "calibration": _calibration(fitted, before, after, truth),
            "held_out": held.model_dump(),
            "features": _features(recipe, stages, network_of, shipped),
        }
        metrics["held_out"] = {
            "how": f"{recipe.folds}-fold cross-validation by patient",
            **_figures(after, boxes, recipe.abstain_below),
            "log_loss_before_calibration": float(cross_entropy(logits.double(), truth)),
            "ece_before_calibration": calibration_error(before.numpy(), truth.numpy()),
        }
        metrics["prediction_sets"] = measured_coverage(
            held, [box.patient for box in boxes], len(recipe.classes)
        )
        metrics["held_out_cases"] = _by_case(recipe, after, boxes)
    if fresh:
        logits = logits_of(shipped, fresh, recipe.margin)
        truth = torch.tensor([box.label for box in fresh])
        after = fitted.probabilities(logits)
        before = logits.double().softmax(dim=1)
        metrics["fresh_phantoms"] = {
            **_figures(after, fresh, recipe.abstain_below),
            "ece_before_calibration": calibration_error(before.numpy(), truth.numpy()),
            "reliability": reliability(after.numpy(), truth.numpy()),
        }
    return TrainingOutcome(_rounded(metrics), _rounded(fields, but=("held_out", "features")))


def _calibration(fitted: Fitted, before: Tensor, after: Tensor, truth: Tensor) -> dict[str, Any]:
    said: dict[str, Any] = {"isotonic": [curve.model_dump() for curve in fitted.curves]}
    for name, values in (("before", before), ("after", after)):
        said[name] = reliability(values.numpy(), truth.numpy())
        said[f"ece_{name}"] = calibration_error(values.numpy(), truth.numpy())
    return said


def _features(
    recipe: ClassificationRecipe,
    stages: Sequence[Stage],
    network_of: Callable[[Stage], Classifier],
    shipped: Classifier,
) -> dict[str, Any] | None:
    folds = [(network_of(s), s.training, s.held_out) for s in stages if s.held_out]
    trained_on = [stage.training for stage in shipped_of(stages)]
    found = training_features(shipped, trained_on, folds, recipe.margin)
    return None if found is None else found.model_dump()


def _figures(probabilities: Tensor, boxes: Sequence[Box], abstain_below: float) -> dict[str, Any]:
    values = probabilities.numpy()
    truth = [box.label for box in boxes]
    found = held_out_metrics(values, truth, [box.patient for box in boxes])
    if abstain_below > 0:
        named = values.max(axis=1) >= abstain_below
        right = values.argmax(axis=1) == np.asarray(truth)
        found["abstained"] = int((~named).sum())
        found["right_of_named"] = [int((right & named).sum()), int(named.sum())]
    return found


def _by_case(
    recipe: ClassificationRecipe, probabilities: Tensor, boxes: Sequence[Box]
) -> dict[str, dict[str, Any]]:
    names = [one.name for one in recipe.classes]
    pairs = zip(boxes, probabilities.tolist(), strict=True)
    return {
        box.name: {"truth": names[box.label], "p": dict(zip(names, row, strict=True))}
        for box, row in sorted(pairs, key=lambda pair: pair[0].name)
    }


def _rounded(value: Any, but: Sequence[str] = ()) -> Any:
    """Round to four places, but what lies under the keys of ``but``."""
    if isinstance(value, dict):
        return {k: v if k in but else _rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return round(value, 4) if isinstance(value, float) else value
