"""A recipe small enough to train in a test, and boxes whose class can be seen."""

from __future__ import annotations

import pytest
import torch

from napari_acs.training.classification.boxes import Box
from napari_acs.training.classification.recipe import ClassificationRecipe

FIELDS = {
    "id": "tiny",
    "title": "Tiny classifier",
    "task": "classification",
    "architecture": {"encoder": "squeezenet1_1", "resolutions": 2, "dropout": 0.0},
    "input": {
        "channels": [{"name": "t1ce", "required": True}, {"name": "flair"}],
        "spacing_mm": [3, 3, 3],
        "size": [16, 16, 16],
        "centre": "mask",
        "mask_channel": True,
    },
    "classes": [{"name": "dark", "title": "Dark"}, {"name": "bright", "title": "Bright"}],
    "derived": {"region": "ET", "at_least_ml": 0.5},
    "margin": [2, 2, 2],
    "batch": 4,
    "steps": 12,
    "decay_steps": 4,
    "learning_rate": 0.02,
    "encoder_rate": 1.0,
    "folds": 3,
    "ema": 0.5,
    "about": "A test.",
}


@pytest.fixture
def recipe():
    """Return a function that makes the recipe, with changes."""

    def make(**changes) -> ClassificationRecipe:
        return ClassificationRecipe.model_validate(FIELDS | changes)

    return make


def box(number: int, label: int) -> Box:
    """Return a box that is bright in its middle where its class is 1."""
    rng = torch.Generator().manual_seed(number)
    channels = torch.randn((3, 20, 20, 20), generator=rng) * 0.3 + 0.5
    channels[2] = 0
    channels[2, 6:14, 6:14, 6:14] = 1
    channels[0, 6:14, 6:14, 6:14] += 3.0 * label
    return Box(f"case-{number}", f"patient-{number // 2}", label, channels.half())


@pytest.fixture
def boxes() -> list[Box]:
    """Two boxes a patient, twelve patients, half of them bright."""
    return [box(number, (number // 2) % 2) for number in range(24)]
