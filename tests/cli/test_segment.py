"""``napari-acs segment``: mask, report, exit codes, and nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import SHARED_DATA, needs_shared_data

from napari_acs.inference import STAGES
from napari_acs.models.bundle import Bundle


def _read(path):
    return sitk.ReadImage(str(path))


def _geometry(image):
    return image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection()


def test_a_mask_in_brats_labels_on_the_inputs_geometry_and_a_report(
    call, study_dir, bundle_dir, tmp_path
):
    mask, report = tmp_path / "m.nii.gz", tmp_path / "r.json"
    done = call("segment", study_dir, "--model", bundle_dir, "--out", mask, "--json", report)
    assert done.exit_code == 0, done.output
    written = _read(mask)
    labels = sitk.GetArrayFromImage(written)
    assert _geometry(written) == _geometry(_read(study_dir / "case_t1.nii.gz"))
    assert set(np.unique(labels)) == {0, 1, 2, 4}
    said = json.loads(report.read_text())
    assert said["labels"]["values"]["4"].startswith("ET")
    voxel_ml = 1.1 * 0.9 * 1.5 / 1000
    assert said["volumes_ml"]["ET"] == pytest.approx((labels == 4).sum() * voxel_ml, abs=1e-3)
    assert said["volumes_ml"]["WT"] == pytest.approx((labels > 0).sum() * voxel_ml, abs=1e-3)
    assert said["mask"]["sha256"] == sha256(mask.read_bytes()).hexdigest()
    weights = sha256((bundle_dir / "weights.safetensors").read_bytes()).hexdigest()
    assert said["model"] == {"id": "random", "version": "1", "sha256": weights}
    assert set(STAGES) < set(said["seconds"])
    assert said["device"] == said["provenance"]["device"]
    flair = sha256((study_dir / "case_flair.nii.gz").read_bytes()).hexdigest()
    assert said["provenance"]["inputs"]["flair"]["sha256"] == flair
    assert str(study_dir) not in report.read_text()


def test_files_by_name_give_the_same_mask_and_labels_may_be_consecutive(
    call, study_dir, bundle_dir, tmp_path
):
    brats, plain = tmp_path / "a.nii.gz", tmp_path / "b.mha"
    call("segment", study_dir, "--model", bundle_dir, "--out", brats)
    files = [a for n in ("flair", "t1", "t1ce", "t2") for a in (f"--{n}", _file(study_dir, n))]
    done = call("segment", *files, "--model", bundle_dir, "--out", plain, "--labels", "consecutive")
    assert done.exit_code == 0, done.output
    first, second = (sitk.GetArrayFromImage(_read(path)) for path in (brats, plain))
    np.testing.assert_array_equal(np.where(first == 4, 3, first), second)
    assert (second == 3).any()


def test_mirrored_views_and_a_further_model_are_averaged_on_wish(
    call, study_dir, bundle_dir, tmp_path
):
    mask, report = tmp_path / "m.nii.gz", tmp_path / "r.json"
    other = Path(shutil.copytree(bundle_dir, tmp_path / "other"))
    described = (other / "model.json").read_text().replace('"id": "random"', '"id": "other"')
    (other / "model.json").write_text(described)
    wishes = ("--flips", "--with-model", other, "--json", report)
    done = call("segment", study_dir, "--model", bundle_dir, "--out", mask, *wishes)
    assert done.exit_code == 0, done.output
    said = json.loads(report.read_text())["provenance"]
    assert said["flips"] == [["x"]]
    assert [model["id"] for model in said["models"]] == ["random", "other"]


def test_json_on_stdout_is_all_there_is_on_stdout(call, study_dir, bundle_dir, tmp_path):
    mask = tmp_path / "m.nrrd"
    done = call("segment", study_dir, "--model", bundle_dir, "--out", mask, "--json", "-")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["mask"]["file"] == str(mask)
    assert "inference" in done.stderr
    assert "%" in done.stderr
    assert "\x1b" not in done.stderr  # plain lines where there is no terminal


def test_an_existing_output_is_refused_before_any_work_and_kept(
    call, study_dir, bundle_dir, tmp_path
):
    mask, report = tmp_path / "m.nii.gz", tmp_path / "r.json"
    mask.write_bytes(b"my hand-corrected mask")
    done = call("segment", study_dir, "--model", bundle_dir, "--out", mask)
    assert done.exit_code == 2
    assert "already exists" in done.stderr
    assert "inference" not in done.stderr
    assert mask.read_bytes() == b"my hand-corrected mask"
    report.write_text("{}")
    other = tmp_path / "n.nii.gz"
    done = call("segment", study_dir, "--model", bundle_dir, "--out", other, "--json", report)
    assert (done.exit_code, report.read_text(), other.exists()) == (2, "{}", False)
    forced = call("segment", study_dir, "--model", bundle_dir, "--out", mask, "--force")
    assert forced.exit_code == 0, forced.output
    assert sitk.GetArrayFromImage(_read(mask)).any()


def test_an_input_is_never_replaced_even_by_force(call, study_dir, bundle_dir):
    flair = _file(study_dir, "flair")
    before = flair.read_bytes()
    for what in ((study_dir,), ("--flair", flair)):
        done = call("segment", *what, "--model", bundle_dir, "--out", flair, "--force")
        assert done.exit_code == 2
        assert "one of the files to be read" in done.stderr
    report = call(
        "segment", study_dir, "--model", bundle_dir, "--out", study_dir.parent / "m.nii.gz",
        "--json", flair, "--force",
    )  # fmt: skip
    assert (report.exit_code, "names the image file" in report.stderr) == (2, True)
    assert flair.read_bytes() == before


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/proc/mask.nii.gz", "cannot be written"),
        ("nowhere/mask.nii.gz", "no folder"),
        ("case", "is a folder"),
        ("case/case_t1.nii.gz/m.nii.gz", "no folder"),
        ("mask.png", ".nii.gz"),
        ("mask", ".nii.gz"),
    ],
)
def test_a_target_that_cannot_be_written_is_refused_before_any_work(
    try_segment, tmp_path, target, words
):
    done, _ = try_segment("--out", tmp_path / target)
    assert done.exit_code == 2, done.output
    assert words in done.stderr
    assert "inference" not in done.stderr


def test_unclear_wishes_are_refused(call, study_dir, bundle_dir, tmp_path):
    out = ("--model", bundle_dir, "--out", tmp_path / "m.nii.gz")
    flair = _file(study_dir, "flair")
    for args, words in (
        ((*out,), "neither a folder nor files"),
        ((study_dir, "--flair", flair, *out), "one of the two"),
        ((tmp_path / "none", *out), "none"),
        ((study_dir, *out, "--device", "abacus"), "abacus"),
        ((study_dir, *out, "--model", "unheard-of"), "unheard-of"),
        (
            (study_dir, *out, "--out", tmp_path / "m.mha", "--json", tmp_path / "m.mha"),
            "image file",
        ),
        ((study_dir, *out, "--labels", "roman"), "roman"),
        ((study_dir, *out, "--json", tmp_path / "no" / "r.json"), "no folder"),
    ):
        done = call("segment", *args)
        assert (done.exit_code, words in done.stderr) == (2, True), done.output
    assert not (tmp_path / "m.nii.gz").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_with_3_between_windows_and_writes_nothing(
    study_dir, bundle_dir, tmp_path, number
):
    before = sorted(path.name for path in tmp_path.iterdir())
    out = tmp_path / "m.nii.gz"
    args = ["segment", study_dir, "--model", bundle_dir, "--out", out, "--json", tmp_path / "r"]
    process = subprocess.Popen(
        [sys.executable, "-m", "napari_acs", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "inference" in line:
            process.send_signal(number)
            break
    stdout, rest = process.communicate(timeout=120)
    assert process.returncode == 3, "".join(lines) + rest
    assert "Cancelled" in rest
    assert "100%" not in rest
    assert "Traceback" not in rest
    assert stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_fault_of_ours_is_1_with_a_sentence_and_a_traceback_on_wish(
    call, study_dir, bundle_dir, tmp_path, monkeypatch
):
    def broken(self, logits):
        raise ZeroDivisionError("a fault for the test")

    monkeypatch.setattr(Bundle, "probabilities", broken)
    args = ("segment", study_dir, "--model", bundle_dir, "--out", tmp_path / "m.nii.gz")
    for extra in ((), ("--debug",)):
        done = call(*args, *extra)
        assert done.exit_code == 1
        assert "a fault for the test" in done.stderr
        assert "report" in done.stderr
        assert ("Traceback" in done.stderr) == bool(extra)
    monkeypatch.undo()
    monkeypatch.setattr("napari_acs.models.bundle.read_spec", broken)
    done = call(*args)
    assert done.exit_code == 1
    assert "report" in done.stderr


@pytest.mark.slow  # e2e/test_command_line.py does it with the bundled model
@needs_shared_data
def test_a_real_case_keeps_its_geometry(call, bundle_dir, tmp_path):
    case = SHARED_DATA / "brats2021" / "BraTS2021_01485"
    mask = tmp_path / "m.nii.gz"
    done = call("segment", case, "--model", bundle_dir, "--out", mask)
    assert done.exit_code == 0, done.output
    assert _geometry(_read(mask)) == _geometry(_read(case / f"{case.name}_flair.nii.gz"))


def _file(folder, name):
    return folder / f"case_{name}.nii.gz"
