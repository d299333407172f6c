"""From a recipe and a prepared cache to a network: what ``napari-acs train`` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from napari_acs.errors import BadInput
from napari_acs.models.encoders import trunk_from_file
from napari_acs.models.safe_load import load_state
from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.models.unet import ACSUNet
from napari_acs.training.alike import refuse_leaks
from napari_acs.training.cases import ATLAS, Case, load_cases
from napari_acs.training.checkpoint import BEST, read_checkpoint
from napari_acs.training.deep_supervision import DeeplySupervisedUNet, without_heads
from napari_acs.training.phantom import load_atlas
from napari_acs.training.phantoms import PhantomStock, make_phantom
from napari_acs.training.recipe import Recipe
from napari_acs.training.segmentation import SegmentationTask

_FRESH = 500_000
"""Validation phantoms have numbers from here on, which no run's training reaches."""


def start_network(recipe: Recipe, encoder_weights: Path | None, *, pretrained: bool) -> ACSUNet:
    """Return the untrained network of a recipe.

    Parameters
    ----------
    recipe : Recipe
    encoder_weights : Path, optional
        A 2D torchvision state dict for the encoder.
    pretrained : bool
        Without a file: whether to use torchvision's own ImageNet weights (a download).
    """
    torch.manual_seed(recipe.seed)
    trunk = None
    if encoder_weights is not None:
        trunk = trunk_from_file(recipe.architecture.get("encoder", "mobilenet_v2"), encoder_weights)
    kind = DeeplySupervisedUNet if recipe.deep_supervision else ACSUNet
    return kind(
        in_channels=len(recipe.sequences),
        regions=len(GLIOMA_OUTPUT.regions),
        pretrained=pretrained and trunk is None,
        trunk=trunk,
        **recipe.architecture,
    )


def segmentation_task(recipe: Recipe, cache: Path) -> SegmentationTask:
    """Return the task of a recipe, from a prepared cache.

    Raises
    ------
    BadInput
        If the cache lacks cases, or the tissue maps that the recipe's phantoms need, or one head
        is on both sides of the split.
    """
    cases: list[Case] = []
    if recipe.phantom_share < 1 or recipe.validation:
        cases = load_cases(cache, recipe.spacing_mm, recipe.sequences)
        refuse_leaks([c for c in cases if c.name not in recipe.exclude], recipe.validation)
    if not recipe.needs_phantoms:
        return SegmentationTask(recipe, cases)
    if not (cache / ATLAS).is_file():
        raise BadInput(
            f"{cache} has no tissue maps for the recipe's phantoms",
            do="Prepare it again where nilearn is installed, or set phantom_share and "
            "validation_phantoms to 0",
        )
    stock = None
    if recipe.phantom_share > 0 or recipe.phantoms_first > 0:
        stock = PhantomStock(cache / ATLAS, recipe.seed, recipe.phantom_every)
    atlas = load_atlas(cache / ATLAS)
    numbers = range(_FRESH, _FRESH + recipe.validation_phantoms)
    fresh = [make_phantom(atlas, recipe.seed, number) for number in numbers]
    return SegmentationTask(recipe, cases, stock, fresh)


def published_network(recipe: Recipe, run: Path) -> ACSUNet:
    """Return the averaged network of a run that ``recipe.publish`` names, in eval mode.

    Raises
    ------
    BadInput
        If the run has no checkpoint.
    """
    plain = recipe.model_copy(update={"deep_supervision": False})
    network = start_network(plain, None, pretrained=False)
    if recipe.publish == "best":
        network.load_state_dict(without_heads(load_state(run / BEST)))
        return network.eval()
    checkpoint = read_checkpoint(run)
    if checkpoint is None:
        raise BadInput(f"{run} has no checkpoint", do="Train first")
    network.load_state_dict(without_heads(checkpoint["average"]))
    return network.eval()


def bundle_spec(recipe: Recipe, training: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a ``model.json`` that the recipe decides (all but the weights)."""
    return {
        "id": recipe.id,
        "version": recipe.version,
        "title": recipe.title,
        "task": recipe.task,
        "architecture": {"name": "acs-unet", "arguments": recipe.architecture},
        "input": {
            "channels": [{"name": name, "required": False} for name in recipe.sequences],
            "spacing_mm": (recipe.spacing_mm,) * 3,
            "patch": recipe.patch,
        },
        "output": GLIOMA_OUTPUT.model_dump(),
        "data": recipe.data,
        "licence": recipe.weights_licence,
        "citation": recipe.citation,
        "training": {**training, "recipe": recipe.model_dump(mode="json")},
    }
