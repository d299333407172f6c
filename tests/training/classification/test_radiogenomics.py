"""The radiogenomic recipes: each reads, builds, and trains on cases with a table of labels."""

from __future__ import annotations

import csv

import pytest
import torch
from training.classification.test_run import carried_out, noise, table_of  # noqa: F401

from napari_acs.training.classification.run import start_classifier
from napari_acs.training.kinds import read_plan
from napari_acs.training.recipe import find_recipe

RECIPES = {
    "glioma-mgmt-acs-mobilenetv2": ("unmethylated", "methylated"),
    "glioma-idh-acs-mobilenetv2": ("wildtype", "mutant"),
    "glioma-egfrviii-acs-mobilenetv2": ("negative", "positive"),
    "glioma-1p19q-acs-mobilenetv2": ("intact", "codeleted"),
}


@pytest.mark.parametrize("name", RECIPES)
def test_it_reads_and_says_what_it_does_not_know(name):
    plan = read_plan(find_recipe(name), {})
    assert tuple(one.name for one in plan.classes) == RECIPES[name]
    assert "tissue test is what decides" in plan.about
    assert plan.input.needs_mask and plan.labels is None and plan.derived is None
    network = start_classifier(plan, None, pretrained=False).eval()
    with torch.no_grad():
        box = torch.zeros(1, plan.input.channel_count, *plan.input.size)
        assert network(box).shape == (1, 2)


@pytest.mark.slow
def test_one_trains_on_cases_with_a_table(noise, tmp_path):  # noqa: F811
    """With the real network, on cases that lack T1 and T2, two steps a fold."""
    labels = table_of(noise[:8], tmp_path / "labels.csv", ["wildtype", "mutant"] * 4)
    changes = {"labels": str(labels), "steps": 2, "decay_steps": 1, "folds": 2, "batch": 2}
    plan = read_plan(find_recipe("glioma-idh-acs-mobilenetv2"), changes)
    bundle, _ = carried_out(plan, noise[:8], tmp_path / "run", tmp_path / "bundle")
    assert bundle.spec.metrics["held_out"]["by_class"] == [4, 4]
    card = (bundle.path / "card.md").read_text()
    assert "is **not** recognised: there were too few cases" in card
    assert "tissue test" in card
    with labels.open() as file:
        assert {row["case"] for row in csv.DictReader(file)} == set(
            bundle.spec.metrics["held_out_cases"]
        )
