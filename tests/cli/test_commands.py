"""The frame: fast help, info, models, evaluate, demo, and reports that are whole or absent."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk

import napari_acs
from napari_acs.cli.output import write_report
from napari_acs.errors import BadInput
from napari_acs.models import store


@pytest.fixture
def one_model(bundle_dir, monkeypatch):
    """Make the folder of ``bundle_dir`` the user's, and the only one."""
    monkeypatch.setattr(store, "user_folder", lambda: bundle_dir.parent)
    monkeypatch.setattr(store, "bundled_folder", lambda: bundle_dir / "none")


def test_help_and_a_refusal_load_no_heavy_room(tmp_path):
    code = (
        "import sys\n"
        "from napari_acs.cli import app\n"
        "for args in (['--help'], ['segment', '--help'], ['segment', '--out', sys.argv[1]]):\n"
        "    try: app(args)\n"
        "    except SystemExit as end: print(end.code)\n"
        "heavy = {'torch', 'SimpleITK', 'napari', 'scipy', 'numpy', 'qtpy'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "m.nii.gz")],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[-1] == "heavy: []", done.stderr
    assert [line for line in lines if line in {"0", "2"}] == ["0", "0", "2"]


def test_python_m_and_unknown_commands():
    def run(*args):
        return subprocess.run(
            [sys.executable, "-m", "napari_acs", *args], capture_output=True, text=True, check=False
        )

    assert run("--version").stdout.strip() == napari_acs.__version__
    assert run("segmnet").returncode == 2
    assert run("segment", "--no-such-option").returncode == 2


def test_info_says_versions_devices_and_models(call, one_model):
    done = call("info", "--json")
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert said["napari_acs"] == napari_acs.__version__
    assert said["packages"]["torch"]
    assert said["devices"][-1]["name"] == "cpu"
    assert [model["id"] for model in said["models"]] == ["random"]
    text = call("info")
    assert text.exit_code == 0
    assert "random" in text.stdout


def test_models_are_listed_with_what_scripts_rely_on(call, one_model, bundle_dir, tmp_path):
    (model,) = json.loads(call("models", "list", "--json").stdout)
    assert (model["id"], model["task"], model["source"]) == ("random", "segmentation", "user")
    assert model["verified"] is True
    assert "verified" in call("models", "list").stdout
    shown = json.loads(call("models", "show", "random", "--json").stdout)
    assert shown["spec"] == json.loads((bundle_dir / "model.json").read_text())
    assert "# Random weights" in call("models", "show", "random").stdout
    missing = call("models", "show", "other")
    assert missing.exit_code == 2
    assert "random" in missing.stderr


def test_changed_weights_are_not_verified(call, bundle_dir, tmp_path, monkeypatch):
    shutil.copytree(bundle_dir, tmp_path / "models" / "random")
    monkeypatch.setattr(store, "user_folder", lambda: tmp_path / "models")
    (tmp_path / "models" / "random" / "weights.safetensors").write_bytes(b"other")
    listed = {m["id"]: m for m in json.loads(call("models", "list", "--json").stdout)}
    assert listed["random"]["verified"] is False


def test_without_a_model_named_the_first_one_is_used(call, one_model, study_dir, tmp_path):
    done = call("segment", study_dir, "--out", tmp_path / "m.nii.gz", "--json", "-")
    assert json.loads(done.stdout)["model"]["id"] == "random"


def test_evaluate_says_or_refuses_that_masks_do_not_tell_the_regions_apart(
    call, study_dir, bundle_dir, tmp_path
):
    binary = sitk.ReadImage(study_dir / "case_t1.nii.gz") > 350
    sitk.WriteImage(binary, study_dir / "case_seg.nii.gz")
    for name in ("one", "two"):
        shutil.copytree(study_dir, tmp_path / "cases" / name)
    args = ("evaluate", "--model", bundle_dir, "--data", tmp_path / "cases", "--json")
    refused = call(*args, tmp_path / "no.json")
    assert refused.exit_code == 2
    assert "only 0 and 1 in 2 masks" in refused.stderr
    assert not (tmp_path / "no.json").exists()
    alone = call(*args, tmp_path / "one.json", "--cases", "one")
    assert alone.exit_code == 0, alone.output
    (caution,) = json.loads((tmp_path / "one.json").read_text())["cautions"]
    assert "only 0 and 1 in 1 mask" in caution
    assert caution in alone.stderr


def test_evaluate_scores_a_models_own_masks_as_perfect(call, study_dir, bundle_dir, tmp_path):
    mask = study_dir / "case_seg.nii.gz"
    made = call("segment", study_dir, "--model", bundle_dir, "--out", mask)
    assert made.exit_code == 0, made.output
    args = ("evaluate", "--model", bundle_dir, "--data", tmp_path, "--cases", "case")
    done = call(*args, "--json", "-")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["model"]["id"] == "random"
    assert {"dice", "hd95_mm", "empty_masks"} == set(said["definitions"])
    for scores in said["cases"][0]["regions"].values():
        assert (scores["dice"], scores["hd95_mm"]) == (1.0, 0.0)
    _halve(mask)
    out = tmp_path / "scores.json"
    table = call(*args, "--json", out)
    assert "HD95" in table.stdout
    assert 0.5 < json.loads(out.read_text())["mean"]["WT"]["dice"] < 0.9
    again = call(*args, "--json", out)
    assert (again.exit_code, "already exists" in again.stderr) == (2, True)
    for bad in (("--cases", "nobody"), ("--data", tmp_path / "none")):
        assert call(*args, *bad).exit_code == 2


def _halve(mask):
    image = sitk.ReadImage(str(mask))
    array = sitk.GetArrayFromImage(image)
    array[array.shape[0] // 2 :] = 0
    half = sitk.GetImageFromArray(array.astype(np.uint8))
    half.CopyInformation(image)
    sitk.WriteImage(half, str(mask))


def test_a_report_is_whole_or_absent(tmp_path):
    path = tmp_path / "r.json"
    path.write_text("old")
    with pytest.raises(ValueError, match="JSON"):
        write_report(str(path), {"dice": float("nan")})
    assert path.read_text() == "old"
    with pytest.raises(BadInput, match="cannot be written"):
        write_report("/proc/r.json", {})
    write_report(str(path), {"name": "Ødem"})
    assert json.loads(path.read_text(encoding="utf-8")) == {"name": "Ødem"}
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]
    assert path.stat().st_mode & 0o444 == 0o444


def test_demo_hands_its_options_to_the_viewer(call, tmp_path, monkeypatch):
    asked = []
    demo = SimpleNamespace(run=lambda headless, out: asked.append((headless, out)))
    monkeypatch.setitem(sys.modules, "napari_acs.viewer.demo", demo)
    monkeypatch.setattr("napari_acs.viewer.demo", demo, raising=False)
    assert call("demo", "--headless").exit_code == 2
    assert asked == []
    assert call("demo", "--headless", "--out", tmp_path).exit_code == 0
    assert asked == [(True, tmp_path)]
