"""What a training came to: held-out figures by case, and the temperature that they ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from napari_acs.training.classification.boxes import Box
from napari_acs.training.classification.calibration import fit_temperature
from napari_acs.training.classification.metrics import held_out_metrics
from napari_acs.training.classification.recipe import ClassificationRecipe
from napari_acs.training.classification.stages import Stage
from napari_acs.training.classification.task import logits_of


@dataclass(frozen=True)
class TrainingOutcome:
    """The figures, JSON-ready, and the temperature that goes into the bundle."""

    metrics: dict[str, Any]
    temperature: float


def judged(
    recipe: ClassificationRecipe,
    stages: Sequence[Stage],
    network_of: Callable[[Stage], nn.Module],
    fresh: Sequence[Box],
) -> TrainingOutcome:
    """Judge every case by the network that never saw its patient, and calibrate by that.

    Parameters
    ----------
    recipe : ClassificationRecipe
    stages : sequence of Stage
        Trained; the last one ships.
    network_of : callable
        Gives the trained network of a stage, in eval mode.
    fresh : sequence of Box
        Phantoms that no network saw; judged by the one that ships.
    """
    folds = [stage for stage in stages if stage.held_out]
    boxes = [box for stage in folds for box in stage.held_out]
    metrics: dict[str, Any] = {}
    temperature = 1.0
    if boxes:
        parts = [logits_of(network_of(s), s.held_out, recipe.margin) for s in folds]
        logits, truth = torch.cat(parts), torch.tensor([box.label for box in boxes])
        temperature = fit_temperature(logits, truth)
        metrics["held_out"] = {
            "how": f"{recipe.folds}-fold cross-validation by patient",
            **_figures(logits / temperature, boxes, recipe.abstain_below),
            "log_loss_before_calibration": float(cross_entropy(logits.double(), truth)),
        }
        metrics["held_out_cases"] = _by_case(recipe, logits / temperature, boxes)
    if fresh:
        logits = logits_of(network_of(stages[-1]), fresh, recipe.margin) / temperature
        metrics["fresh_phantoms"] = _figures(logits, fresh, recipe.abstain_below)
    rounded: dict[str, Any] = _rounded(metrics)
    return TrainingOutcome(rounded, temperature)


def _figures(logits: Tensor, boxes: Sequence[Box], abstain_below: float) -> dict[str, Any]:
    probabilities = logits.double().softmax(dim=1).numpy()
    truth = [box.label for box in boxes]
    found = held_out_metrics(probabilities, truth, [box.patient for box in boxes])
    if abstain_below > 0:
        named = probabilities.max(axis=1) >= abstain_below
        right = probabilities.argmax(axis=1) == truth
        found["abstained"] = int((~named).sum())
        found["right_of_named"] = [int((right & named).sum()), int(named.sum())]
    return found


def _by_case(
    recipe: ClassificationRecipe, logits: Tensor, boxes: Sequence[Box]
) -> dict[str, dict[str, Any]]:
    names = [one.name for one in recipe.classes]
    rows = logits.double().softmax(dim=1).tolist()
    pairs = zip(boxes, rows, strict=True)
    return {
        box.name: {"truth": names[box.label], "p": dict(zip(names, row, strict=True))}
        for box, row in sorted(pairs, key=lambda pair: pair[0].name)
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return round(value, 4) if isinstance(value, float) else value
