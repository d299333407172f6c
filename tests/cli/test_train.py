"""``napari-acs train`` from study folders to a bundle that segments, and its refusals."""

import csv
import json
import sys

import numpy as np
import pytest
import SimpleITK as sitk
from typer.testing import CliRunner

from napari_acs.cli import app
from napari_acs.models import load_bundle
from napari_acs.training.alone import alone_in

RECIPE = """
id: tiny
title: Tiny
architecture: {encoder: squeezenet1_1, decoder_channels: [8, 8, 8, 8], stem_channels: 8}
train_patch: [16, 16, 16]
patch: [32, 32, 32]
steps: 4
decay_steps: 1
validate_every: 2
batch: 1
phantom_share: 0
validation: [case0]
"""


def _write(folder, seed, mask_shift=0.0):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    z, y, x = np.indices((36, 40, 38)) - 18
    brain = (z**2 + y**2 + x**2 < 17**2).astype(np.float32)
    # Each head is its own: three times one head would be refused as one patient.
    brain *= 100 + np.kron(rng.normal(0, 40, (4, 4, 4)), np.ones((9, 10, 10)))[:36, :40, :38]
    tumour = np.select([z**2 + y**2 + x**2 < r**2 for r in (3, 5, 8)], [1, 4, 2], 0)
    for name in ("t1", "t1ce", "t2", "flair"):
        image = sitk.GetImageFromArray(
            (brain * (1 + 0.2 * tumour + rng.normal(0, 0.05, brain.shape))).astype(np.float32)
        )
        image.SetSpacing((2, 2, 2))
        sitk.WriteImage(image, folder / f"{folder.name}_{name}.nii.gz")
    mask = sitk.GetImageFromArray(tumour.astype(np.uint8))
    mask.SetSpacing((2, 2, 2))
    mask.SetOrigin((mask_shift, 0, 0))
    sitk.WriteImage(mask, folder / f"{folder.name}_seg.nii.gz")


@pytest.fixture
def place(tmp_path):
    for seed in range(3):
        _write(tmp_path / "data" / f"case{seed}", seed)
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return tmp_path


def _train(place, *more):
    options = ["--data", place / "data", "--run", place / "run", "--from-scratch", *more]
    result = CliRunner().invoke(app, ["train", *map(str, [place / "recipe.yaml", *options])])
    return result.exit_code, result.output


def _steps(run):
    with (run / "log.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def test_folders_become_a_bundle_with_a_truthful_card(place, monkeypatch):
    told = ["napari-acs", "train", "--data", str(place / "data")]
    monkeypatch.setattr(sys, "argv", told)  # as in a shell
    (place / "run").mkdir()
    (place / "run" / "notes.txt").write_text("Made in\ntwo parts.")
    code, said = _train(place, "--out", place / "bundle")
    assert code == 0, said
    bundle = load_bundle(place / "bundle")
    assert set(bundle.spec.metrics["cases"]) == {"case0"}
    assert bundle.spec.training["encoder_weights"] == "none (random)"
    card = (place / "bundle" / "card.md").read_text()
    assert "not for clinical use" in card
    assert "Made in two parts" in card
    assert bundle.spec.licence == "Apache-2.0, and the terms of the training data"
    assert f"Weights: {bundle.spec.licence} above." in card
    said = bundle.spec.training
    assert said["held_out"] == ["case0"]
    assert set(said["cases"]) == {folder.name for folder in (place / "data").iterdir()} - {"case0"}
    assert len(said["cases"]) > 1
    dice = bundle.spec.metrics["cases"]["case0"]["WT"]["dice"]
    assert f"| case0 | {dice:.3f} |" in card
    assert bundle.spec.training["command"] == "napari-acs train --data data"
    for file in ("card.md", "model.json"):
        assert str(place) not in (place / "bundle" / file).read_text()
    assert _steps(place / "run") == [1, 2, 3, 4]


def test_the_same_command_goes_on_and_an_existing_bundle_is_never_replaced(place):
    assert _train(place, "--out", place / "a", "--steps", 2)[0] == 0
    before = (place / "a" / "weights.safetensors").read_bytes()
    code, said = _train(place, "--out", place / "b")
    assert code == 0, said
    assert _steps(place / "run") == [1, 2, 3, 4]
    code, said = _train(place, "--out", place / "a")
    assert code == 2
    assert "exists" in said
    assert (place / "a" / "weights.safetensors").read_bytes() == before


def test_a_run_does_not_go_on_with_other_cases(place):
    assert _train(place, "--out", place / "a", "--steps", 2)[0] == 0
    _write(place / "data" / "case9", 9)
    code, said = _train(place, "--out", place / "b")
    assert code == 2
    assert "begun with other cases: found case9 (new)" in " ".join(said.split())
    assert not (place / "b").exists()
    assert _steps(place / "run") == [1, 2]


def test_a_recipe_that_can_never_be_published_is_refused_before_data_are_read(place):
    wrong = "architecture={encoder: squeezenet1_1, foo: 1}"
    code, said = _train(place, "--out", place / "bundle", "--set", wrong)
    assert code == 2
    assert "foo" in said
    assert not (place / "run").exists()


@pytest.mark.parametrize("fault", ["broken link", "a file above", "no weights"])
def test_what_would_only_fail_at_the_end_is_refused_at_once(place, fault):
    out, more = place / "bundle", []
    if fault == "broken link":
        out.symlink_to(place / "gone")
    elif fault == "a file above":
        (place / "file").touch()
        out = place / "file" / "below" / "bundle"
    else:
        more = ["--encoder-weights", place / "gone.pt"]
    arguments = ["train", place / "recipe.yaml", "--data", place / "data", "--run", place / "run"]
    result = CliRunner().invoke(app, [str(a) for a in [*arguments, "--out", out, *more]])
    assert result.exit_code == 2, result.output
    said = " ".join(result.output.split())
    assert {"broken link": "exists", "a file above": "is a file", "no weights": "gone.pt"}[
        fault
    ] in said
    assert not (place / "run").exists()


def test_bad_data_is_refused_by_name_before_training_starts(place):
    _write(place / "data" / "shifted", 9, mask_shift=3.0)
    code, said = _train(place, "--out", place / "bundle")
    assert code == 2
    assert "shifted_seg" in said.replace("\n", "")
    assert not (place / "bundle").exists()
    assert not (place / "run" / "checkpoint.pt").exists()


def test_the_report_is_json_alone_and_refused_before_training_where_it_can_not_be_written(place):
    (place / "there.json").touch()
    code, said = _train(place, "--out", place / "bundle", "--json", place / "there.json")
    assert code == 2
    assert "already exists" in said
    assert not (place / "run").exists()
    options = ["--data", place / "data", "--run", place / "run", "--from-scratch", "--json", "-"]
    arguments = ["train", place / "recipe.yaml", *options, "--out", place / "bundle"]
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    assert done.exit_code == 0, done.output
    report, bundle = json.loads(done.stdout), load_bundle(place / "bundle")
    assert report["model"]["sha256"] == bundle.sha256
    assert report["metrics"]["mean_cases"] == bundle.spec.metrics["mean_cases"]
    code, said = _train(place, "--prepare", place / "cache", "--json", place / "cases.json")
    assert code == 0, said
    assert json.loads((place / "cases.json").read_text())["cases"] == ["case0", "case1", "case2"]


def test_a_second_training_in_one_folder_is_refused(place):
    with alone_in(place / "run"):
        code, said = _train(place, "--out", place / "bundle")
    assert code == 2
    assert "Another training is at work in" in " ".join(said.split())
    assert sorted(p.name for p in (place / "run").iterdir()) == [".lock"]


def test_foreign_encoder_weights_are_refused(place):
    (place / "w.pt").write_bytes(b"not weights")
    recipe, data, out = place / "recipe.yaml", place / "data", place / "bundle"
    arguments = ["train", recipe, "--data", data, "--run", place / "run", "--out", out]
    arguments += ["--encoder-weights", place / "w.pt"]
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 2
    assert "w.pt" in result.output.replace("\n", "")
