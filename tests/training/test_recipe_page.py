"""docs/training.md and docs/classifying.md name every field of a recipe."""

from __future__ import annotations

import re

import pytest
from conftest import REPO
from pydantic import BaseModel

from napari_acs.training.classification.recipe import ClassificationRecipe, Derived, Phantoms
from napari_acs.training.recipe import Augmentation, Recipe, RunPlan

TRAINING, CLASSIFYING = (
    " ".join(re.findall(r"`([^`\n]+)`", (REPO / "docs" / page).read_text(encoding="utf-8")))
    for page in ("training.md", "classifying.md")
)


def missing(model: type[BaseModel], text: str) -> list[str]:
    return [name for name in model.model_fields if not re.search(rf"\b{name}\b", text)]


@pytest.mark.parametrize("model", [Recipe, Augmentation])
def test_every_field_of_a_segmentations_recipe_is_on_its_page(model):
    assert missing(model, TRAINING) == []


def test_every_field_of_a_classifiers_own_is_on_its_page():
    own = missing(ClassificationRecipe, CLASSIFYING)
    said_of_training = {"task", "architecture", "augmentation", *RunPlan.model_fields}
    assert set(own) <= said_of_training
    assert missing(Phantoms, CLASSIFYING) == missing(Derived, CLASSIFYING) == []
