"""The end of a run: the network judged by the whole pipeline, and written as a bundle."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from napari_acs.models import save_bundle
from napari_acs.training.card import card
from napari_acs.training.cases import ATLAS
from napari_acs.training.checkpoint import read_checkpoint
from napari_acs.training.job import bundle_spec, published_network
from napari_acs.training.order import Order
from napari_acs.training.recipe import Recipe

NOTES = "notes.txt"
"""What the command cannot know, from the run's folder into the card."""


def publish(plan: Recipe, order: Order, start: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Judge a run's network, and write its bundle with the card, whole or not at all.

    Parameters
    ----------
    plan : Recipe
    order : Order
        The run must have ended. The validation cases are taken from its ``data``.
    start : str
        Where the start weights came from when the run was begun, see `begun.begin_with`.
    say : callable
        Told which case is at work.

    Returns
    -------
    dict
        The metrics in the card.
    """
    network = published_network(plan, order.run)
    training = _provenance(plan, order, start)
    # "best" was chosen by these cases: it is not for them to judge it as if it never saw them.
    held_out = {"held_out": list(plan.validation)} if plan.publish == "last" else {}
    cases = {"cases": _trained_on(plan, order.cache)}
    spec = bundle_spec(plan, {**training, **cases, **held_out})
    metrics: dict[str, Any] = {}
    # Where training moved to a machine with torch alone, the figures are measured elsewhere.
    if find_spec("SimpleITK") is not None:
        metrics = _judged(plan, order, spec, network, say)
    save_bundle(order.out, {**spec, "metrics": metrics}, network, card(plan, training, metrics))
    return metrics


def _judged(
    plan: Recipe,
    order: Order,
    spec: dict[str, Any],
    network: torch.nn.Module,
    say: Callable[[str], None],
) -> dict[str, Any]:
    from napari_acs.training.judge import judge  # noqa: PLC0415  (needs SimpleITK)
    from napari_acs.training.layouts import TrainingCase, find_training_cases  # noqa: PLC0415
    from napari_acs.training.layouts.read import Labelled  # noqa: PLC0415

    draft = order.run / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    bundle = save_bundle(draft, spec, network)
    cases: list[TrainingCase] = []
    if order.data:
        cases = find_training_cases(order.data, order.layout, order.patient_pattern)
    held_out = [Labelled(case) for case in cases if case.name in plan.validation]
    atlas: Path | None = order.cache / ATLAS
    if atlas is not None and not atlas.is_file():
        atlas = None
    return judge(bundle, held_out, atlas, say=say)


def _trained_on(plan: Recipe, cache: Path) -> list[str]:
    """Return the names of the cases that were trained on: `evaluate` says whose figures flatter."""
    if plan.phantom_share == 1:
        return []
    apart = {*plan.validation, *plan.exclude}
    return sorted(file.stem for file in cache.glob("*.npz") if file.stem not in apart)


def _provenance(plan: Recipe, order: Order, start: str) -> dict[str, Any]:
    checkpoint = read_checkpoint(order.run)
    training: dict[str, Any] = {
        "command": order.command,
        "steps": checkpoint["step"] if checkpoint else plan.steps,
        "encoder_weights": start,
        "torch": torch.__version__,
    }
    notes = order.run / NOTES
    if notes.is_file():
        training["notes"] = " ".join(notes.read_text(encoding="utf-8", errors="replace").split())
    return training
