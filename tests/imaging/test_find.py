from __future__ import annotations

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from imaging.geometries import noise, save

from napari_acs.errors import BadInput
from napari_acs.imaging import find_sequences, read_study


def refused(*parts):
    return pytest.raises(BadInput, match=r"(?s)" + "".join(f"(?=.*{part})" for part in parts))


def fill(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        # On an empty background, as brains that somebody has prepared: nothing is registered.
        save(folder / name, np.pad(noise(seed=len(name)), 3))
    return folder


def test_a_folder_is_a_study(tmp_path):
    folder = fill(
        tmp_path / "case", "case_flair.nii.gz", "case_t1ce.nrrd", "case_seg.nii.gz", "other.mha"
    )
    (folder / "._case_t1.nii.gz").write_bytes(b"what macOS leaves behind")
    (folder / "notes_t2.txt").write_text("t2")
    assert find_sequences(folder) == {
        "t1ce": folder / "case_t1ce.nrrd",
        "flair": folder / "case_flair.nii.gz",
    }
    study = read_study(str(folder))
    assert study.name == "case"
    assert list(study.sequences) == ["t1ce", "flair"]
    assert study.sequences["flair"].source == folder / "case_flair.nii.gz"


def test_files_and_mappings_are_studies(tmp_path):
    folder = fill(tmp_path / "case", "x_t1.mha", "y_t2.mha", "unnamed.mha")
    assert list(read_study([folder / "y_t2.mha", folder / "x_t1.mha"]).sequences) == ["t1", "t2"]
    one = read_study(folder / "x_t1.mha")
    assert (one.name, list(one.sequences)) == ("x_t1", ["t1"])
    told = read_study({"flair": folder / "unnamed.mha"}, name="told")
    assert (told.name, list(told.sequences)) == ("told", ["flair"])
    assert read_study(iter([folder / "x_t1.mha"])).name == "case"


def test_two_files_for_one_sequence_are_refused(tmp_path):
    folder = fill(tmp_path / "case", "a_t1ce.nii.gz", "b_T1Gd.nii.gz", "b_t2.nii.gz")
    for claim in (folder, sorted(folder.iterdir())):
        with refused(r"a_t1ce\.nii\.gz", r"b_T1Gd\.nii\.gz", "T1ce"):
            read_study(claim)
    told = {"t1ce": folder / "a_t1ce.nii.gz", "t2": folder / "b_t2.nii.gz"}
    assert list(read_study(told).sequences) == ["t1ce", "t2"]


def test_folders_without_a_sequence_are_refused_for_what_they_hold(tmp_path):
    with refused("gone", "no such file or folder"):
        read_study(tmp_path / "gone")
    empty = fill(tmp_path / "empty")
    with refused("empty", "an empty folder"):
        read_study(empty)
    with refused("mask", r"only masks \(case_seg\.nii\.gz\)", "Add the MRI sequences"):
        read_study(fill(tmp_path / "mask", "case_seg.nii.gz"))
    with refused("unnamed", r"image1\.mha", "Say which file"):
        read_study(fill(tmp_path / "unnamed", "image1.mha", "image2.mha"))
    outer = tmp_path / "outer"
    outer.mkdir()
    fill(outer / "inner", "case_t1.mha")
    with refused("outer", "inner", "Choose one of them"):
        read_study(outer)
    (empty / "notes.txt").write_text("none")
    with refused("empty", "no image file"):
        read_study(empty)


def test_names_that_say_no_sequence_are_refused(tmp_path):
    folder = fill(tmp_path / "case", "image.mha", "case_seg.mha", "t1.mha")
    with refused(r"image\.mha", "which sequence"):
        read_study([folder / "image.mha", folder / "t1.mha"])
    with refused(r"case_seg\.mha", "a mask"):
        read_study([folder / "case_seg.mha", folder / "t1.mha"])
    with refused("'t9'", "t1, t1ce, t2, flair"):
        read_study({"t9": folder / "t1.mha"})
    for nothing in ([], {}):
        with refused("no sequence"):
            read_study(nothing)


def cases(pattern):
    return [pytest.param(p, id=p.name) for p in sorted(SHARED_DATA.glob(pattern)) if p.is_dir()]


@needs_shared_data
@pytest.mark.parametrize(
    "folder", cases("brats2021/*") + cases("brats2018-2020-8bit/*") + cases("tcga*/*/brats_space")
)
def test_real_cases_of_four_sequences(folder):
    study = read_study(folder)
    assert list(study.sequences) == ["t1", "t1ce", "t2", "flair"]
    assert study.grid.size == (240, 240, 155)
    assert study.grid.origin == (0, -239, 0)
    assert not any("seg" in volume.source.name for volume in study.sequences.values())


@needs_shared_data
@pytest.mark.parametrize("folder", cases("brats2013-two-channel/*"))
def test_real_cases_of_two_sequences(folder):
    assert list(read_study(folder).sequences) == ["t1ce", "flair"]


@needs_shared_data
def test_a_real_case_s_sequences_of_one_grid_are_a_study():
    folder = SHARED_DATA / "tcga-lgg-native" / "TCGA-FG-6692"
    study = read_study([*folder.glob("*_t1.nii.gz"), *folder.glob("*_t1c.nii.gz")])
    assert list(study.sequences) == ["t1", "t1ce"]
    assert study.grid.spacing[2] == pytest.approx(5.5, abs=1e-4)


@needs_shared_data
@pytest.mark.parametrize("folder", cases("tcia-brain-tumor-progression/*"))
def test_two_exams_in_one_folder_are_never_one_study(folder):
    with refused(r"Post_Scan_T1\.nii\.gz", r"Pre_Scan_T1\.nii\.gz", "both look like T1"):
        read_study(folder)
    assert read_study({"t1ce": folder / "Pre_Scan_T1.nii.gz"}).grid.size == (256, 256, 24)


@needs_shared_data
@pytest.mark.parametrize("number", [1, 2])
def test_real_nrrd_cases(number):
    folder = SHARED_DATA / "nrrd-two-rois"
    with refused("say no sequence"):
        read_study(folder)
    study = read_study({"flair": folder / f"{number}_image.nrrd"})
    assert study.grid.direction == (1, 0, 0, 0, -1, 0, 0, 0, 1)
    assert study.grid.spacing[2] == pytest.approx(6.5)
