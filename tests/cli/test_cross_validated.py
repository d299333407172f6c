"""``napari-acs evaluate --cross-validated``: each case is judged by who never saw it."""

from __future__ import annotations

import copy
import json
import shutil

import pytest
import torch

from napari_acs.models import load_bundle, save_bundle
from napari_acs.models.ensemble import ACSUNetEnsemble


def _fields(bundle, **changes):
    fields = bundle.spec.model_dump(mode="json", exclude={"weights"})
    return {**fields, **changes}


@pytest.fixture
def two(bundle_dir, tmp_path):
    """An ensemble of the random network and a perturbed one; and the second alone."""
    first = load_bundle(bundle_dir)
    network = first.network()
    other = copy.deepcopy(network)
    with torch.no_grad():
        other.head.bias.add_(0.2)  # it finds more of everything
    arguments = first.spec.architecture.arguments
    both = ACSUNetEnsemble([arguments, arguments])
    for member, weights in zip(both.members, (network, other), strict=True):
        member.load_state_dict(weights.state_dict())
    members = [{"held_out": ["case2"]}, {"held_out": ["case"]}]
    architecture = {"name": "acs-unet-ensemble", "arguments": {"members": [arguments] * 2}}
    fields = _fields(first, id="both", architecture=architecture, training={"members": members})
    save_bundle(tmp_path / "models" / "both", fields, both)
    save_bundle(tmp_path / "models" / "second", _fields(first, id="second"), other)
    return tmp_path / "models"


def test_a_case_is_judged_by_the_member_that_never_saw_it(
    call, study_dir, two, tmp_path, monkeypatch
):
    # The random network marks a voxel round the brain as well, which is much of one so small.
    monkeypatch.setattr("napari_acs.inference.mask_place.MOST_IN_AIR", 1.0)
    mask = study_dir / "case_seg.nii.gz"
    made = call("segment", study_dir, "--model", two / "second", "--out", mask)
    assert made.exit_code == 0, made.output
    asked = ("evaluate", "--model", two / "both", "--data", tmp_path, "--cases", "case")

    said = json.loads(call(*asked, "--json", "-").stdout)
    assert said["cross_validated"] is False
    assert said["cases"][0]["regions"]["WT"]["dice"] < 0.99, "that of the mean of both"
    assert any("was trained on case, by some of its 2" in one for one in said["cautions"])

    out = tmp_path / "scores.json"
    table = call(*asked, "--cross-validated", "--json", out)
    assert table.exit_code == 0, table.output
    assert "Cross-validated: each case was judged by" in " ".join(table.stdout.split())
    (study_dir / "case_t2.nii.gz").unlink()
    long = study_dir.rename(tmp_path / "Brats18_TCIA10_628_1")
    as_piped = call("evaluate", "--model", two / "second", "--data", tmp_path, "--cases", long.name)
    assert as_piped.stdout.count(f"│ {long.name} │") == 3
    assert f"the model takes: {long.name} has no T2." in " ".join(as_piped.stdout.split())
    said = json.loads(out.read_text())
    assert not any("was trained on" in one for one in said.get("cautions", []))
    assert "never saw it" in said["cross_validated"]
    (case,) = said["cases"]
    assert case["members"] == [2]
    for scores in case["regions"].values():
        assert scores["dice"] > 0.9999  # the engine's plan may differ: rounding


def test_a_case_that_every_member_saw_is_refused_before_any_work(call, study_dir, two, tmp_path):
    folder = shutil.copytree(study_dir, tmp_path / "data" / "case3")
    shutil.copy(folder / "case_t1.nii.gz", folder / "case_seg.nii.gz")
    args = ("evaluate", "--data", tmp_path / "data", "--cross-validated", "--model")
    refused = call(*args, two / "both")
    assert refused.exit_code == 2
    assert "case3" in refused.stderr
    assert "case, case2" in " ".join(refused.stderr.split())
    silent = call(*args, two / "second")
    assert silent.exit_code == 2
    assert "training.held_out" in silent.stderr
