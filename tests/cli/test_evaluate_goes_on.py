"""``napari-acs evaluate`` where single cases cannot be scored: named, and the others go on."""

from __future__ import annotations

import json
import shutil

import pytest

from napari_acs.inference.reference import FolderCase


@pytest.fixture
def cases(call, study_dir, bundle_dir, tmp_path):
    """A folder with a case that can be scored (``good``), and how to ask for its scores."""
    made = call("segment", study_dir, "--model", bundle_dir, "--out", study_dir / "case_seg.nii.gz")
    assert made.exit_code == 0, made.output
    folder = tmp_path / "cases"
    folder.mkdir()
    study_dir.rename(folder / "good")
    return folder, ("evaluate", "--model", bundle_dir, "--data", folder)


def _break(case):
    """Leave DICOM that nobody can read beside the mask: it is noticed only at the case's turn."""
    for image in case.glob("*_t*.nii.gz"):
        image.unlink()
    (case / "case_flair.nii.gz").unlink()
    (case / "series").mkdir()
    (case / "series" / "IM0001.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 64)


def test_a_case_that_fails_midway_is_named_and_the_others_are_scored(call, cases, tmp_path):
    folder, asked = cases
    _break(shutil.copytree(folder / "good", folder / "bad"))
    report = tmp_path / "scores.json"
    done = call(*asked, "--json", report)
    assert done.exit_code == 2, done.output
    said = " ".join(done.stderr.split())
    assert "bad was not scored. " in said
    assert said.endswith(
        "1 of 2 cases could not be scored: bad. The figures are of the other 1. Mend these cases, "
        "or leave them out (--cases)."
    )
    assert "good" in done.stdout
    written = json.loads(report.read_text())
    assert [case["case"] for case in written["cases"]] == ["good"]
    assert [case["case"] for case in written["failed"]] == ["bad"]
    assert written["mean"]["WT"]["dice"] == 1.0


def test_where_all_fail_there_are_no_means(call, cases, tmp_path):
    folder, asked = cases
    _break(folder / "good")
    done = call(*asked, "--json", tmp_path / "scores.json", "--subsets")
    assert done.exit_code == 2, done.output
    assert "1 of 1 cases could not be scored: good. Mend" in " ".join(done.stderr.split())
    assert json.loads((tmp_path / "scores.json").read_text())["mean"] == {}


def test_a_fault_of_ours_has_its_own_code(call, cases, monkeypatch):
    _, asked = cases
    monkeypatch.setattr(FolderCase, "read", lambda _: (_ for _ in ()).throw(RuntimeError("torn")))
    done = call(*asked, "--debug")
    assert done.exit_code == 1, done.output
    assert "Traceback" in done.stderr
    assert "torn" in done.stderr
