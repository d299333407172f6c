"""Folds, layouts and patients on the command line of ``napari-acs train``."""

import json

import pytest
import yaml
from cli.test_train import RECIPE, _train, _write
from training.tiny import as_msd, tiny
from typer.testing import CliRunner

from napari_acs.cli import app
from napari_acs.models import load_bundle


@pytest.fixture
def place(tmp_path):
    for seed in range(4):
        _write(tmp_path / "data" / f"case{seed}", seed)
    (tmp_path / "recipe.yaml").write_text(RECIPE.replace("validation: [case0]", ""))
    return tmp_path


def _judged(bundle):
    return set(load_bundle(bundle).spec.metrics["cases"])


def test_each_case_is_judged_in_one_fold(place):
    judged = []
    for fold in (1, 2):
        run, out = place / f"run{fold}", place / f"fold{fold}"
        more = ("--folds", 2, "--fold", fold, "--steps", 1, "--out", out)
        code, said = _train(place, *more, "--run", run, "--cache", place / "cache")
        assert code == 0, said
        assert said.count(f"fold {fold} of 2: validation on case") == 1
        judged.append(_judged(out))
        kept = yaml.safe_load((run / "recipe.yaml").read_text())
        assert set(kept["validation"]) == judged[-1], "the run knows its split"
    assert judged[0] | judged[1] == {f"case{n}" for n in range(4)}
    assert not judged[0] & judged[1]


def test_the_visits_of_a_patient_stay_in_one_fold(place):
    # BraTS's names would be known; these are not.
    for seed, name in enumerate(("anna-early", "anna-late", "ben-early", "ben-late")):
        _write(place / "visits" / name, seed)
    code, said = _train(
        place, "--data", place / "visits", "--folds", 2, "--fold", 1, "--steps", 1,
        "--out", place / "b", "--patient-pattern", r"^(anna|ben|case\d)",
        "--set", "exclude=[case0, case1, case2, case3]",
    )  # fmt: skip
    assert code == 0, said
    whose = {name.partition("-")[0] for name in _judged(place / "b")}
    assert len(whose) == 1, "two folds, two patients"
    assert _judged(place / "b") == {
        f"{name}-{visit}" for name in whose for visit in ("early", "late")
    }


def test_a_split_through_a_patient_is_refused(place):
    code, said = _train(
        place, "--out", place / "b", "--set", "validation=[case0]", "--patient-pattern", "cas"
    )
    assert code == 2
    assert "case0" in said
    assert not (place / "b").exists()


@pytest.mark.parametrize("layout", ["nnunet", "msd", "bids"])
def test_a_layout_that_is_not_there_is_refused(place, layout):
    code, said = _train(place, "--layout", layout, "--out", place / "b")
    assert code == 2
    assert "data" in said
    assert not (place / "run" / "checkpoint.pt").exists()


def test_a_layout_that_is_named_is_used(place):
    code, said = _train(place, "--layout", "brats", "--steps", 1, "--out", place / "b")
    assert code == 0, said
    assert json.loads((place / "b" / "model.json").read_text())["task"] == "segmentation"


def test_a_case_that_dataset_json_leaves_out_is_named(place):
    root = as_msd(place / "msd", {name: tiny(seed) for seed, name in enumerate("ab")})
    said = json.loads((root / "dataset.json").read_text())
    del said["training"][1]
    (root / "dataset.json").write_text(json.dumps(said))
    recipe = place / "recipe.yaml"
    for more in (("--prepare", place / "cache"), ("--out", place / "b", "--steps", 1)):
        args = ["train", recipe, "--data", root, "--run", place / "run", "--from-scratch", *more]
        done = CliRunner().invoke(app, [str(argument) for argument in args])
        assert " ".join(done.stderr.split()).count("labelsTr: b (not listed under training)") == 1


def test_folds_without_a_number_are_refused(place):
    code, said = _train(place, "--folds", 2, "--out", place / "b")
    assert code == 2
    assert "--fold" in said
