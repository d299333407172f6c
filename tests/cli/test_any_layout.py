"""``finetune`` and ``evaluate`` take data sets as ``train`` does, and refuse all faults at once."""

import json

import pytest
from cli.finetune.hands import parent_bundle
from training.tiny import (
    BRATS,
    as_bids,
    as_brats,
    as_msd,
    as_nnunet,
    tiny,
    values,
    write,
)
from typer.testing import CliRunner

from napari_acs.cli import app
from napari_acs.errors import BadInput
from napari_acs.models import load_bundle
from napari_acs.training.layouts.labelled import find_labelled

CASES = {"a": tiny(1), "b": tiny(2), "c": tiny(3)}


def _as_csv(root, cases, patients=("p", "q", "r")):
    as_brats(root / "files", cases)
    rows = ["case;patient;t1;T1c;t2;flair;mask"]
    for name, patient in zip(cases, patients, strict=True):
        keys = ("t1", "t1ce", "t2", "flair", "seg")
        files = [f"files/{name}/{name}_{key}.nii.gz" for key in keys]
        rows.append(";".join([name, patient, *files]))
    (root / "cases.csv").write_text("\n".join(rows) + "\n")
    return root / "cases.csv"


def _call(*arguments):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, " ".join(done.output.split())


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return parent_bundle(tmp_path_factory.mktemp("layouts") / "parent").path


def test_every_layout_is_judged_alike(parent, tmp_path):
    graded = as_brats(tmp_path / "graded" / "HGG", CASES).parent
    places = {
        "brats": as_brats(tmp_path / "brats", CASES),
        "graded": graded,
        "nnunet": as_nnunet(tmp_path / "nnunet", CASES),
        "msd": as_msd(tmp_path / "msd", CASES),
        "bids": as_bids(tmp_path / "bids", CASES),
        "csv": _as_csv(tmp_path / "csv", CASES),
    }
    means = {}
    for layout, place in places.items():
        report = tmp_path / f"{layout}.json"
        code, said = _call("evaluate", "--model", parent, "--data", place, "--json", report)
        assert code == 0, (layout, said)
        means[layout] = json.loads(report.read_text())["mean"]
    assert means["brats"]["WT"]["dice"] > 0
    assert all(mean == means["brats"] for mean in means.values()), means


def test_a_case_that_dataset_json_leaves_out_is_named(parent, tmp_path):
    root = as_msd(tmp_path / "msd", CASES)
    listed = json.loads((root / "dataset.json").read_text())
    del listed["training"][2]
    (root / "dataset.json").write_text(json.dumps(listed))
    named = "labelsTr: c (not listed under training)"
    report = tmp_path / "scores.json"
    code, said = _call("evaluate", "--model", parent, "--data", root, "--json", report)
    assert code == 0, said
    assert said.count(named) == 1
    written = json.loads(report.read_text())
    assert any(named in caution for caution in written["cautions"])
    assert [case["case"] for case in written["cases"]] == ["a", "b"]

    write(root / "labelsTr" / "a.nii.gz", values(CASES["a"].labels, BRATS)[:-1])
    tune = ("finetune", parent, "--data", root, "--out", tmp_path / "o", "--run", tmp_path / "r")
    code, said = _call(*tune)
    assert code == 2, said
    assert said.count(named) == 1
    assert "grid" in said


def test_a_fine_tune_of_a_table_keeps_its_patients_apart(parent, tmp_path):
    table = _as_csv(tmp_path, CASES, patients=("p", "P", "r"))
    arguments = ("finetune", parent, "--data", table, "--batch", 1, "--steps", 1)
    code, said = _call(
        *arguments, "--run", tmp_path / "run", "--out", tmp_path / "out", "--validation", "c"
    )
    assert code == 0, said
    training = load_bundle(tmp_path / "out").spec.training
    assert (training["cases"], training["held_out"]) == (["a", "b"], ["c"])
    assert training["never_seen"] == []  # the parent does not say what it never saw
    code, said = _call(
        *arguments, "--run", tmp_path / "run2", "--out", tmp_path / "out2", "--validation", "a"
    )
    assert code == 2
    assert "b would be trained on, and its patient judges the result" in said


def test_what_is_wrong_with_the_cases_is_said_at_once_by_finetune_and_evaluate(parent, tmp_path):
    root = as_brats(tmp_path / "data", CASES)
    made = tiny(1)
    write(root / "a" / "a_seg.nii.gz", values(made.labels, BRATS), origin=(4.0, 0.0, 0.0))
    file = root / "b" / "b_t2.nii.gz"
    file.write_bytes(file.read_bytes()[:600])
    write(root / "c" / "c_seg.nii.gz", made.labels * 9)
    ends = ("--run", tmp_path / "run", "--out", tmp_path / "out")
    for arguments in (("finetune", parent, *ends), ("evaluate", "--model", parent)):
        code, said = _call(*arguments, "--data", root)
        assert code == 2, said
        assert "3 faults" in said
        assert "a_seg.nii.gz is not on the grid of its images" in said
        assert "b_t2.nii.gz" in said
        assert "unknown labels" in said
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "run").exists()


def test_a_sequence_that_the_model_needs_is_missed_before_anything_is_computed(tmp_path):
    channels = [{"name": name, "required": name == "t2"} for name in ("t1", "t1ce", "t2", "flair")]
    asked = {"channels": channels, "spacing_mm": [2, 2, 2], "patch": [24, 24, 24], "axes": "xyz"}
    needy = parent_bundle(tmp_path / "needy", input=asked).path
    root = as_brats(tmp_path / "data", CASES)
    for name in "ab":
        (root / name / f"{name}_t2.nii.gz").unlink()
    code, said = _call(
        "finetune", needy, "--data", root, "--out", tmp_path / "out", "--run", tmp_path / "run"
    )
    assert code == 2, said
    assert "2 faults" in said
    assert "lacks T2" in said


def test_what_is_no_data_set_is_refused_by_its_name(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()
    for name, said in (
        ("empty", "No case with a reference mask in .*empty: expected .*nnU-Net"),
        ("notes.txt", "notes.txt is not a folder: found a file"),
        ("none", "none is not a folder: found no such path"),
    ):
        with pytest.raises(BadInput, match=said):
            find_labelled([tmp_path / name])
