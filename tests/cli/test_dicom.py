"""``napari-acs check`` and ``segment`` on DICOM: a folder, a .zip; nobody is named."""

from __future__ import annotations

import json
import zipfile
from contextlib import nullcontext
from importlib import import_module

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from imaging.dicom.study import SECOND, phantom, write_sequences, write_study
from imaging.dicom.write import assert_names_nobody

from napari_acs.imaging import read_labels
from napari_acs.imaging.labels.labelfile import read_segments


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans") / "DOE_JANE"
    return folder, write_study(folder)


@pytest.fixture(scope="module")
def zipped(scanned, tmp_path_factory):
    archive = tmp_path_factory.mktemp("zip") / "DOE_JANE.zip"
    with zipfile.ZipFile(archive, "w") as writing:
        for file in sorted(scanned[0].rglob("*.dcm")):
            writing.write(file, f"DOE^JANE/{file.relative_to(scanned[0])}")
    return archive


@pytest.fixture(params=["folder", "zip"])
def study(request, scanned, zipped):
    return scanned[0] if request.param == "folder" else zipped


def test_check_tells_the_sequences_and_names_nobody(call, study, bundle_dir):
    done = call("check", study, "--model", bundle_dir, "--json", "-")
    assert done.exit_code in (0, 2), done.output
    report = json.loads(done.stdout)
    assert_names_nobody(done.output)
    assert report["study"].startswith("study-")
    assert list(report["sequences"]) == ["t1", "t1ce", "t2", "flair"]
    for key, said in report["sequences"].items():
        assert said["looks_like"] == key
        assert said["file"] is None
    shown = call("check", study, "--model", bundle_dir)
    assert shown.stdout.startswith("study-")
    assert_names_nobody(shown.output)


@pytest.mark.parametrize("name", [pytest.param("m.nii.gz", marks=pytest.mark.slow), "m.dcm"])
def test_segment_writes_the_mask_on_the_series_own_grid(
    call, scanned, zipped, bundle_dir, tmp_path, name
):
    study = scanned[0] if name.endswith(".dcm") else zipped
    mask, report = tmp_path / name, tmp_path / "r.json"
    done = call("segment", study, "--model", bundle_dir, "--out", mask, "--json", report)
    assert done.exit_code == 0, done.output
    grid = scanned[1]["t1"].grid
    said = json.loads(report.read_text())
    volume = read_segments(mask, grid).volume
    counted = {str(v): int((volume.array == v).sum()) for v in np.unique(volume.array) if v}
    assert set(counted) == {"1", "2", "4"}
    if name == "m.nii.gz":
        assert read_labels(mask).grid.difference(grid) is None
    else:
        dataset = pydicom.dcmread(mask)
        uids = {pydicom.dcmread(f, stop_before_pixels=True).StudyInstanceUID
                for f in (scanned[0] / "2").iterdir()}  # fmt: skip
        assert {dataset.StudyInstanceUID} == uids
    wanted = sum(counted.values()) * grid.voxel_ml
    assert said["volumes_ml"]["WT"] == pytest.approx(wanted, rel=1e-5)
    assert said["study"].startswith("study-")
    for text in (report.read_text(), done.output):
        assert_names_nobody(text.replace(str(tmp_path), ""))


def test_a_dicom_mask_of_a_nifti_study_is_refused_before_any_computing(try_segment, tmp_path):
    for name, kind in (("m.dcm", "SEG"), ("m.rtstruct.dcm", "RTSTRUCT")):
        done, _ = try_segment("--out", tmp_path / name)
        assert done.exit_code == 2
        assert f"cannot be saved as DICOM {kind}" in done.stderr
        assert "%" not in done.stderr
        assert not (tmp_path / name).exists()


def test_it_is_refused_before_sequences_are_registered(call, bundle_dir, tmp_path, monkeypatch):
    def registered(*_, **__):
        raise AssertionError("registered, for nothing")

    monkeypatch.setattr("napari_acs.imaging.open.align", registered)
    for name, spacing in (("t1", 1.0), ("flair", 2.0)):
        image = sitk.GetImageFromArray(np.ones((9, 9, 9), np.int16))
        image.SetSpacing((spacing,) * 3)
        sitk.WriteImage(image, str(tmp_path / f"x_{name}.nii.gz"))
    done = call("segment", tmp_path, "--model", bundle_dir, "--out", tmp_path / "m.dcm")
    assert done.exit_code == 2, done.output
    assert "cannot be saved as DICOM SEG" in done.stderr


@pytest.mark.parametrize("command", ["check", "segment"])
def test_several_studies_are_refused(call, bundle_dir, tmp_path, command):
    volumes = phantom()
    parent = tmp_path / "DOE"
    write_sequences(parent / "1", {"t1": volumes["t1"]})
    write_sequences(parent / "2", {"t1": volumes["t1"]}, study_uid=SECOND)
    out = ("--out", tmp_path / "m.nii.gz") if command == "segment" else ()
    done = call(command, parent, "--model", bundle_dir, *out)
    assert done.exit_code == 2
    assert "several DICOM studies" in done.stderr
    assert done.stderr.count("study-") == 2
    assert_names_nobody(done.stderr)
    assert not (tmp_path / "m.nii.gz").exists()


def test_series_folders_may_be_named_one_by_one(call, scanned, bundle_dir):
    done = call(
        "check", "--t1", scanned[0] / "2", "--flair", scanned[0] / "5",
        "--model", bundle_dir, "--json", "-",
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["study"].startswith("study-")
    assert list(report["sequences"]) == ["t1", "flair"]
    assert_names_nobody(done.output)


@pytest.mark.parametrize("command", ["check", "segment"])
def test_a_zip_of_other_things_is_a_sentence(call, bundle_dir, tmp_path, command):
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr("t1.nii.gz", b"no DICOM")
    out = ("--out", tmp_path / "m.nii.gz") if command == "segment" else ()
    done = call(command, archive, "--model", bundle_dir, *out)
    assert done.exit_code == 2
    assert "holds no DICOM file" in done.stderr


@pytest.mark.parametrize("command", ["check", "segment"])
def test_a_cancel_while_the_zip_is_unpacked_is_exit_code_3(
    call, zipped, bundle_dir, tmp_path, monkeypatch, command
):
    module = import_module(f"napari_acs.cli.{command}")
    monkeypatch.setattr(module, "interruptible", lambda: nullcontext(lambda: True))
    out = ("--out", tmp_path / "m.nii.gz") if command == "segment" else ()
    done = call(command, zipped, "--model", bundle_dir, *out)
    assert done.exit_code == 3, done.output
    assert "Cancelled" in done.stderr
