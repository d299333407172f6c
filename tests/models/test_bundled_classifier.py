"""The demo classifier that ships: small, sound, and honest about what it is."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data

import napari_acs
from napari_acs.imaging import Study, Volume, read_labels
from napari_acs.models import load_classifier
from napari_acs.models.store import bundled_folder
from napari_acs.training.classification.recipe import read_classification
from napari_acs.training.recipe import find_recipe

ID = "demo-enhancing-acs-mobilenetv2"
CASE = SHARED_DATA / "brats2021" / "BraTS2021_01479"


def test_it_is_small_and_what_its_recipe_says():
    bundle = load_classifier(ID)
    recipe = read_classification(find_recipe(ID))
    assert bundle.spec.weights.size_bytes < 6_000_000
    assert bundle.network() is not None
    assert bundle.spec.training["recipe"] == recipe.model_dump(mode="json")
    assert bundle.spec.input == recipe.input and bundle.spec.title == recipe.title


def test_its_card_says_what_it_is_not_and_states_its_figures():
    spec = load_classifier(ID).spec
    card = (bundled_folder() / ID / "card.md").read_text(encoding="utf-8")
    assert "label derived from masks; not molecular" in spec.title
    assert "nothing of MGMT, IDH or any other molecular" in card and "nothing of grade" in card
    assert "Research only" in card and "2018" in card and "CC BY 4.0" in card
    held = spec.metrics["held_out"]
    assert (held["patients"], held["by_class"]) == (26, [4, 22])
    low, high = held["auroc_interval"]
    assert f"AUROC {held['auroc']:.2f}" in card and f"{low:.2f} to {high:.2f}" in card
    assert ("no better than chance" in card) == (low <= 0.5)
    cases = spec.metrics["held_out_cases"]
    right = sum(max(c["p"], key=c["p"].get) == c["truth"] for c in cases.values())
    assert right / len(cases) == pytest.approx(held["accuracy"], abs=1e-3)
    assert sum(c["truth"] == "non-enhancing" for c in cases.values()) == 4


@needs_shared_data
def test_without_the_contrast_agent_a_tumour_enhances_less():
    study = napari_acs.read_study(CASE)
    found = read_labels(CASE / f"{CASE.name}_seg.nii.gz")
    mask = Volume((found.array > 0).astype(np.uint8), study.grid)
    bundle = load_classifier(ID)
    with_agent = napari_acs.classify(study, bundle, mask, "cpu")
    plain = {**study.sequences, "t1ce": study.sequences["t1"]}
    without = napari_acs.classify(Study("no agent", plain), bundle, mask, "cpu")
    assert with_agent.named == ("enhancing",)
    assert without.probabilities["enhancing"] < with_agent.probabilities["enhancing"] - 0.1
