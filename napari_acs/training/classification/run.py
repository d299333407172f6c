"""From a recipe and cases to a classifier's bundle: cross-validated, calibrated, with a card."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import torch

from napari_acs.errors import BadInput
from napari_acs.inference.messages import Progress
from napari_acs.models import ClassifierBundle, save_classifier
from napari_acs.models.classifier import ACSClassifier
from napari_acs.models.classifier_ensemble import Classifier, together
from napari_acs.models.encoders import trunk_from_file
from napari_acs.training.begun import begin_with, start_of
from napari_acs.training.checkpoint import has_checkpoint, read_checkpoint
from napari_acs.training.classification.boxes import (
    CASES,
    FRESH_PHANTOMS,
    PHANTOMS,
    load_boxes,
    prepare_boxes,
)
from napari_acs.training.classification.card import card
from napari_acs.training.classification.check import refuse_bad_cases
from napari_acs.training.classification.outcome import TrainingOutcome, judged
from napari_acs.training.classification.recipe import ClassificationRecipe
from napari_acs.training.classification.sites import refuse_site_labels, site_report
from napari_acs.training.classification.stages import FIRST, Stage, shipped_of, stages_of
from napari_acs.training.classification.task import ClassificationTask
from napari_acs.training.classification.twins import refuse_twins
from napari_acs.training.layouts import TrainingCase
from napari_acs.training.loop import train

_SAID_EVERY = 25


def run_classification(
    recipe: ClassificationRecipe,
    given: Sequence[TrainingCase],
    run: Path,
    out: Path,
    *,
    encoder_weights: Path | None = None,
    pretrained: bool = True,
    atlas: Path | None = None,
    training: dict[str, Any] | None = None,
    stop: Callable[[], bool] = lambda: False,
    device: str = "cpu",
    looked: Callable[[int, int], None] = lambda _done, _total: None,
) -> Generator[Progress, None, ClassifierBundle | None]:
    """Prepare, train a network a fold and one on all cases, judge, calibrate, write the bundle.

    Called again with the same run's folder it goes on where it stopped.

    Parameters
    ----------
    recipe : ClassificationRecipe
    given : sequence of TrainingCase
        Of any layout, named as in the labels CSV.
    run : Path
        For the cache (``cache/``) and, of every network, the loop's folder.
    out : Path
        The bundle's folder; must not exist.
    encoder_weights : Path, optional
        2D ImageNet weights by torchvision's names.
    pretrained : bool
        Without a file: whether torchvision's own are used (a download).
    atlas : Path, optional
        Tissue maps, where the recipe wants phantoms; from ``prepare_atlas``.
    training : dict, optional
        What the bundle says of its training: the command, where the weights came from.
    stop : callable
        Asked after every step; True ends the run with a checkpoint.
    device : str
    looked : callable
        Told how many cases were looked at before any is prepared, and of how many.

    Yields
    ------
    Progress
        Its stage names the network at work.

    Returns
    -------
    ClassifierBundle or None
        None where it was stopped.

    Raises
    ------
    BadInput
        The cases, their labels or the output will not do.
    """
    if out.exists():
        raise BadInput(f"{out} exists", do="Choose another folder, or move it away")
    cache = run / "cache"
    if given:  # a recipe of phantoms alone needs none
        refuse_bad_cases(recipe, given, looked)
    for name, done, total in prepare_boxes(recipe, given, cache, atlas, device):
        yield Progress(done, total, f"prepare {name}", 0.0)
        if stop():
            return None
    wanted = {case.name for case in given}
    cases = [box for box in load_boxes(cache / CASES) if box.name in wanted]
    refuse_twins(cases, len(recipe.input.channels))
    sites = site_report(
        [box.site for box in cases],
        [box.label for box in cases],
        [box.patient for box in cases],
    )
    if recipe.site_is_class == "refused":
        refuse_site_labels(sites)
    phantoms = load_boxes(cache / PHANTOMS)
    stages = stages_of(recipe, cases)
    # The folds follow from the cases: with others, a fold's network would judge what it learned.
    training = dict(training or {})
    training["encoder_weights"] = begin_with(
        run,
        start_of(encoder_weights, pretrained=pretrained),
        {box.name: f"{box.patient} {box.label} {box.made_from}" for box in cases},
        resumed=any(has_checkpoint(run / stage.name) for stage in stages),
    )
    whole, before = sum(stage.steps for stage in stages), 0
    for stage in stages:
        network = start_classifier(recipe, encoder_weights, pretrained=pretrained)
        if stage.name != FIRST and stages[0].name == FIRST:
            network.load_state_dict(averaged(run / FIRST))
        plan = _plan(recipe, stage)
        task = ClassificationTask(plan, stage.training, phantoms, stage.held_out)
        figures = ""
        for step in train(plan, task, network, run / stage.name, stop=stop, device=device):
            if step.validation is not None:
                figures = "".join(f", {k} {v:.3f}" for k, v in step.validation.figures.items())
            if step.step % _SAID_EVERY == 0 or step.step == stage.steps:
                said = f"{stage.name}: loss {step.loss:.3f}{figures}"
                yield Progress(step.step, stage.steps, said, (before + step.step) / whole)
        if stop():
            return None
        before += stage.steps

    def trained(stage: Stage) -> ACSClassifier:
        made = start_classifier(recipe, None, pretrained=False)
        made.load_state_dict(averaged(run / stage.name))
        return made

    def network_of(stage: Stage) -> Classifier:
        return together([trained(stage)], mirrored=recipe.mirrored).eval()

    members = [trained(stage) for stage in shipped_of(stages)]
    shipped = together(members, mirrored=recipe.mirrored).eval()
    outcome = judged(recipe, stages, network_of, shipped, load_boxes(cache / FRESH_PHANTOMS))
    if sites is not None:
        outcome.metrics["sites"] = {
            "shared": sites.sites,
            "agreement": round(sites.agreement, 4),
            "p": round(sites.p, 4),
        }
    spec = bundle_fields(recipe, training, outcome, len(members))
    return save_classifier(out, spec, shipped, card(recipe, spec))


def start_classifier(
    recipe: ClassificationRecipe, encoder_weights: Path | None, *, pretrained: bool
) -> ACSClassifier:
    """Return the untrained network of a recipe; see ``training.job.start_network``."""
    torch.manual_seed(recipe.seed)
    trunk = None
    if encoder_weights is not None:
        trunk = trunk_from_file(recipe.architecture.get("encoder", "mobilenet_v2"), encoder_weights)
    return ACSClassifier(
        in_channels=recipe.input.channel_count,
        classes=len(recipe.classes),
        pretrained=pretrained and trunk is None,
        trunk=trunk,
        **recipe.architecture,
    )


def averaged(run: Path) -> dict[str, torch.Tensor]:
    """Return the averaged network's state of a run of the loop."""
    saved = read_checkpoint(run)  # also where it was killed between two renames
    if saved is None:
        raise BadInput(f"{run} has no checkpoint", do="Train first")
    state: dict[str, torch.Tensor] = saved["average"]
    return state


def bundle_fields(
    recipe: ClassificationRecipe, training: dict[str, Any], outcome: TrainingOutcome, members: int
) -> dict[str, Any]:
    """Return the fields of ``model.json`` but the weights."""
    arguments = dict(recipe.architecture)
    name = "acs-classifier"
    if members > 1 or recipe.mirrored:
        name = "acs-classifier-ensemble"
        arguments |= {"members": members, "mirrored": recipe.mirrored}
    return {
        "id": recipe.id,
        "version": recipe.version,
        "title": recipe.title,
        "architecture": {"name": name, "arguments": arguments},
        "input": recipe.input.model_dump(),
        "classes": [one.model_dump() for one in recipe.classes],
        **outcome.fields,
        "abstain_below": recipe.abstain_below,
        "data": recipe.data,
        "metrics": outcome.metrics,
        "training": {**training, "recipe": recipe.model_dump(mode="json")},
        "licence": recipe.weights_licence,
        "citation": recipe.citation,
        "intended_use": recipe.intended_use,
    }


def draft_fields(recipe: ClassificationRecipe) -> dict[str, Any]:
    """Return what `bundle_fields` will, as far as the recipe decides it."""
    members = recipe.folds if recipe.ships == "folds" else 1
    return {"task": recipe.task, **bundle_fields(recipe, {}, TrainingOutcome({}), members)}


def _plan(recipe: ClassificationRecipe, stage: Stage) -> ClassificationRecipe:
    """Return the recipe as the loop sees it for one stage.

    One with held-out cases is judged at its end and as often as the recipe says; one without has
    nothing to be judged by.
    """
    every = recipe.validate_every if stage.held_out else stage.steps
    return recipe.model_copy(
        update={
            "steps": stage.steps,
            "decay_steps": min(recipe.decay_steps, stage.steps // 2),
            "validate_every": min(every, stage.steps),
        }
    )
