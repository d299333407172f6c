"""``napari-acs segment``: alignment, brain masks and N4; what is refused first, and reported."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest
import SimpleITK as sitk
from cli.conftest import SEQUENCES, SHAPE, brain, write_image
from imaging.dicom.write import write_series

from napari_acs.imaging import Grid, Study
from napari_acs.imaging.brain_mask import judged
from napari_acs.imaging.cancel import Cancelled
from napari_acs.imaging.registration.resample import resample
from napari_acs.imaging.step import Step


def test_what_is_refused_at_once_is_refused_before_the_alignment(
    try_segment, study_dir, tmp_path, monkeypatch
):
    def long(*_, **__):
        raise AssertionError("the alignment has begun")

    monkeypatch.setattr("napari_acs.imaging.to_study", long)
    for more, words in (
        (("--brain", tmp_path / "none.nii.gz"), "no such file"),
        (("--brain", study_dir), ""),
        (("--model", "unheard-of"), "unheard-of"),
        (("--device", "abacus"), "abacus"),
        (("--out", tmp_path / "m.png"), ".nii.gz"),
    ):
        done, mask = try_segment(*more)
        assert (done.exit_code, words in done.stderr) == (2, True), done.output
        assert not mask.exists()


def test_the_grid_of_a_sequence_that_is_not_there_is_refused(try_segment, study_dir):
    (study_dir / "case_flair.nii.gz").unlink()
    done, mask = try_segment("--reference", "flair")
    assert done.exit_code == 2
    assert "FLAIR" in done.stderr
    assert not mask.exists()


def brain_file(path: Path, array: np.ndarray, spacing=(1.1, 0.9, 1.5), origin=None) -> Path:
    write_image(path, array.astype(np.uint8))
    image = sitk.ReadImage(str(path))
    image.SetSpacing(spacing)
    if origin:
        image.SetOrigin(origin)
    sitk.WriteImage(image, str(path))
    return path


def small_brain() -> np.ndarray:
    z, y, x = np.indices(SHAPE)
    return ((z - 15) / 10) ** 2 + ((y - 18) / 13) ** 2 + ((x - 20) / 15) ** 2 < 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"array": np.zeros(SHAPE)}, "no brain voxel in it"),
        ({"array": np.ones(SHAPE)}, "brain in every voxel"),
        ({"array": small_brain(), "origin": (900.0, 0.0, 0.0)}, "does not lie on the study"),
    ],
)
def test_a_brain_mask_that_is_none_is_refused(try_segment, tmp_path, change, words):
    path = brain_file(tmp_path / "b.nii.gz", **change)
    done, mask = try_segment("--brain", path)
    assert (done.exit_code, words in done.stderr) == (2, True), done.output
    assert not mask.exists()


def test_an_image_is_no_brain_mask(try_segment, tmp_path):
    values = np.random.default_rng(0).normal(0, 1, SHAPE).astype(np.float32)
    done, mask = try_segment("--brain", write_image(tmp_path / "b.nii.gz", values))
    assert done.exit_code == 2, done.output
    assert "b.nii.gz" in done.stderr
    assert not mask.exists()


def test_a_brain_mask_on_another_grid_and_n4_are_in_the_report(try_segment, tmp_path):
    coarse = small_brain()[::2, ::2, ::2]
    path = brain_file(tmp_path / "b.nii.gz", coarse, (2.2, 1.8, 3.0))
    done, mask = try_segment("--brain", path, "--n4", "--json", "-")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    for name in SEQUENCES:
        steps = report["provenance"]["inputs"][name]["steps"]
        assert [step["step"] for step in steps] == ["brain extracted", "bias corrected"]
    assert "b.nii.gz, nearest label" in steps[0]["method"]
    assert report["mask"]["verified"]["labels"]
    assert {line["topic"] for line in report["check"]} >= {"skull", "grids"}
    assert report["notes"]
    for note in report["notes"]:
        assert note in done.stderr
    assert sitk.GetArrayFromImage(sitk.ReadImage(str(mask))).shape == SHAPE
    assert str(tmp_path) not in done.stdout.replace(str(mask), "")


def test_the_brain_mask_is_never_replaced_even_by_force(try_segment, tmp_path):
    path = brain_file(tmp_path / "b.nii.gz", small_brain())
    before = path.read_bytes()
    done, _ = try_segment("--brain", path, "--out", path, "--force")
    assert done.exit_code == 2, done.output
    assert "one of the files to be read" in done.stderr
    assert path.read_bytes() == before


def test_a_dicom_image_is_never_replaced_even_by_force(call, bundle_dir, tmp_path):
    folder = tmp_path / "dicom"
    grid = Grid(SHAPE[::-1], (1.1, 0.9, 1.5), (-30.0, 12.5, 7.25), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    write_series(folder, brain(0), grid)
    target = sorted(folder.rglob("*.dcm"))[3]
    before = target.read_bytes()
    done = call("segment", folder, "--model", bundle_dir, "--out", target, "--force")
    assert done.exit_code == 2, done.output
    assert "one of the files to be read" in done.stderr, done.stderr
    assert target.read_bytes() == before


def aligned(name, volumes, *, reference=None, **_):
    """Answer as `to_study` does for sequences that had to be moved."""
    key = reference or "t1"
    matrix = np.eye(4)
    matrix[0, 3] = 0.4
    step = Step("registered", "made up", "look", "it moved far", {"matrix": matrix.tolist()})
    moved = {
        one: volume
        if one == key
        else resample(
            replace(volume, history=(*volume.history, step)), volumes[key].grid, matrix
        ).volume
        for one, volume in volumes.items()
    }
    return Study(name, moved, key)


def test_json_is_all_there_is_on_stdout_also_when_something_was_aligned(
    try_segment, study_dir, monkeypatch
):
    monkeypatch.setattr("napari_acs.imaging.to_study", aligned)
    done, mask = try_segment("--json", "-", "--reference", "t2")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["provenance"]["sequences"]["reference"] == "t2"
    assert any("FLAIR was registered to T2 and needs a look" in note for note in report["notes"])
    (grids,) = [line for line in report["check"] if line["topic"] == "grids"]
    assert grids["status"] == "amber"
    assert "Verified" not in done.stdout
    plain, _ = try_segment("--reference", "t2", "--out", mask.with_name("n.mha"))
    assert "Verified: reread from n.mha" in plain.stdout


def interrupt(cancelled) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    until = monotonic() + 20
    while not cancelled():
        assert monotonic() < until, "nobody said to stop"
        sleep(0.01)
    raise Cancelled


def test_ctrl_c_during_the_alignment_ends_with_3(try_segment, monkeypatch):
    def endless(name, volumes, *, reference, cancelled, progress):
        progress(0.2)
        interrupt(cancelled)

    monkeypatch.setattr("napari_acs.imaging.to_study", endless)
    done, mask = try_segment("--json", "-")
    assert (done.exit_code, done.stdout) == (3, ""), done.output
    assert "Cancelled" in done.stderr
    assert not mask.exists()


@pytest.fixture
def heads(study_dir):
    """Put a skull and air round the brains."""
    z, y, x = np.indices(SHAPE)
    noise = np.random.default_rng(1)
    head = sum(((i - n / 2) / (n / 2 - 1)) ** 2 for i, n in zip((z, y, x), SHAPE, strict=True)) < 1
    for seed, name in enumerate(SEQUENCES):
        inside = np.where(head, noise.normal(200, 20, SHAPE), noise.integers(0, 9, SHAPE))
        array = np.where(brain(seed) > 0, brain(seed), inside).astype(np.int16)
        write_image(study_dir / f"case_{name}.nii.gz", array)
    return study_dir


def test_ctrl_c_while_the_brain_is_looked_for_ends_with_3(heads, try_segment, monkeypatch):
    def endless(volumes, /, *, device, cancelled, progress):
        progress(0.2)
        interrupt(cancelled)

    monkeypatch.setattr("napari_acs.imaging.to_study", aligned)
    monkeypatch.setattr("napari_acs.inference.ready.extract_brain", endless)
    done, mask = try_segment()
    assert done.exit_code == 3, done.output
    assert "Cancelled" in done.stderr
    assert "100%" not in done.stderr
    assert not mask.exists()


def test_a_brain_that_is_not_found_is_refused_with_what_to_do(heads, try_segment, monkeypatch):
    def failed(volumes, /, *, device, cancelled, progress):
        grid = volumes["t1"].grid
        found = judged(small_brain(), grid, "made up")
        return replace(found, step=replace(found.step, verdict="failed", why="It is tiny."))

    monkeypatch.setattr("napari_acs.imaging.to_study", aligned)
    monkeypatch.setattr("napari_acs.inference.ready.extract_brain", failed)
    done, mask = try_segment()
    assert done.exit_code == 2, done.output
    assert "--brain FILE" in done.stderr
    assert not mask.exists()
