"""``napari-acs evaluate --subsets``: what goes into a model card's table of missing sequences."""

from __future__ import annotations

import json
import shutil

from napari_acs.models.stated import stated_subsets
from napari_acs.training.card import card
from napari_acs.training.recipe import Recipe

RECIPE = Recipe(id="x", title="X", architecture={"encoder": "e"}, validation=("one",))


def test_every_allowed_subset_is_scored_and_a_card_shows_it(call, study_dir, bundle_dir, tmp_path):
    bundle = tmp_path / "picky"
    shutil.copytree(bundle_dir, bundle)
    spec = json.loads((bundle / "model.json").read_text())
    spec["input"]["minimum_sequences"] = 3
    spec["input"]["channels"][1]["required"] = True
    (bundle / "model.json").write_text(json.dumps(spec))
    made = call("segment", study_dir, "--model", bundle, "--out", study_dir / "case_seg.nii.gz")
    assert made.exit_code == 0, made.output
    cases, other = tmp_path / "cases", tmp_path / "other"
    other.mkdir()
    shutil.copytree(study_dir, cases / "one")
    args = ("evaluate", "--model", bundle, "--data", cases, "--data", other, "--subsets")
    done = call(*args, "--json", tmp_path / "scores.json")
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "scores.json").read_text())
    whole = "t1+t1ce+t2+flair"
    assert set(report["subsets"]) == {whole, "t1+t1ce+t2", "t1+t1ce+flair", "t1ce+t2+flair"}
    assert report["mean"]["WT"]["dice"] == 1.0
    stated = stated_subsets(report)
    assert stated[whole].dice == {"WT": 1.0, "TC": 1.0, "ET": 1.0}
    assert all(each.cases == 1 for each in stated.values())
    assert min(each.dice["WT"] for each in stated.values()) < 1.0
    said = card(RECIPE, {}, {"subsets": report["subsets"]})
    for key, each in stated.items():
        row = f"| {key.replace('+', ', ')} | 1 | {each.dice['WT']:.3f} |"
        assert row in said
        assert key in done.stdout
    assert "missing" not in card(RECIPE, {}, {})
