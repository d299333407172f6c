"""The shipped models say who saw what, and under which terms their weights are."""

from __future__ import annotations

import pytest

from napari_acs.models.bundle import load_any_bundle
from napari_acs.models.cross_validation import flattering

FAST, ACCURATE = "glioma-unet-acs-mobilenetv2", "glioma-unet-acs-ensemble"
NEVER_SEEN_BY_THE_FAST_ONE = {
    "BraTS2021_01484",
    "BraTS2021_01485",
    "Brats18_CBICA_ALU_1",
    "Brats18_TCIA02_370_1",
    "Brats18_TCIA10_628_1",
}


def test_the_fast_model_lists_what_it_was_trained_on():
    fast, accurate = (load_any_bundle(name).spec for name in (FAST, ACCURATE))
    folds = [set(member["held_out"]) for member in accurate.training["members"]]
    assert folds[0] == set(fast.training["held_out"]) == NEVER_SEEN_BY_THE_FAST_ONE
    assert set(fast.training["cases"]) == set.union(*folds) - folds[0]
    assert len(fast.training["cases"]) == 21
    assert set(fast.metrics["cases"]) == NEVER_SEEN_BY_THE_FAST_ONE
    assert flattering(fast, sorted(NEVER_SEEN_BY_THE_FAST_ONE)) == ""
    said = flattering(fast, ["BraTS2021_01476", "BraTS2021_01485"])
    assert "was trained on BraTS2021_01476: their figures flatter" in said


@pytest.mark.parametrize(
    "name", [FAST, ACCURATE, "demo-enhancing-acs-mobilenetv2", "sequence-acs-mobilenetv2"]
)
def test_weights_from_data_with_terms_are_not_under_a_licence_alone(name):
    bundle = load_any_bundle(name)
    assert bundle.spec.licence.startswith("Apache-2.0")
    assert "terms" in bundle.spec.licence
    assert "data" in bundle.spec.licence
    assert bundle.spec.licence.rstrip(".") in (bundle.path / "card.md").read_text("utf-8")
