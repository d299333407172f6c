"""Whose a file is in a folder with the files of several patients."""

from __future__ import annotations

import pytest

from napari_acs.imaging.flat_folder import case_of, images_of_case, rest_of


@pytest.fixture
def folder(tmp_path):
    def make(*names: str):
        there = tmp_path / "anna"
        there.mkdir()
        for name in names:
            (there / f"{name}.nii.gz").touch()
        return lambda name: case_of(there / f"{name}.nii.gz")

    return make


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("BraTS2021_01476_t1ce.nii.gz", "BraTS2021_01476"),
        ("sub-01_ses-2_ce-gadolinium_T1w.nii.gz", "sub-01_ses-2"),
        ("P7-T1-post.mha", "P7"),
        ("T1_post_P7.nii", "P7"),
        ("post_scan_T1.nii", "post_scan"),
        ("AX_T1_POST_GAD_P9.nrrd", "P9"),
        ("P1_AX_T2_FLAIR.nii", "P1"),
        ("segmentation_P1.nii.gz", "P1"),
        ("case_7_0001.nii.gz", "case_7"),
        ("t1.nii.gz", ""),
    ],
)
def test_what_is_left_of_a_name(name, rest):
    assert rest_of(name) == rest


def test_patients_in_one_folder_are_told_by_their_names(folder):
    case = folder("P1_t1", "P1_t1ce", "P1_flair", "P2_t1", "P2_flair", "P3_flair")
    assert [case("P1_t1ce"), case("P2_flair"), case("P3_flair")] == ["P1", "P2", "P3"]
    assert case("P2_seg") == "P2"


def test_channels_of_nnunet_are_told_too(folder):
    case = folder("b_001_0000", "b_001_0001", "b_002_0000", "b_002_0001")
    assert [case("b_001_0001"), case("b_002_0000")] == ["b_001", "b_002"]


@pytest.mark.parametrize(
    "names",
    [
        ("P1_t1", "P1_flair", "P1_seg"),
        ("3_AX_T1", "4_SAG_T1", "5_AX_FLAIR", "6_AX_T2"),
        ("T1_pre", "T1_post", "FLAIR"),
        ("Pre_Scan_T1", "Post_Scan_T1", "Pre_Mask"),
        ("one", "two"),
    ],
)
def test_the_folder_of_one_patient_has_no_cases(folder, names):
    assert {folder(*names)(names[0])} == {""}


def test_what_was_made_of_bare_names_is_another_set_of_the_same_patient(folder):
    case = folder("T1", "FLAIR", "T1_brain", "FLAIR_brain")
    assert [case("FLAIR"), case("T1_brain")] == ["", "anna brain"]


def test_a_folder_that_is_gone_or_changes(tmp_path, folder):
    assert case_of(tmp_path / "nowhere" / "P1_t1.nii.gz") == ""
    case = folder("P1_t1", "P1_flair")
    assert case("P1_t1") == ""
    for name in ("P2_t1", "P2_flair"):
        (tmp_path / "anna" / f"{name}.nii.gz").touch()
    assert case("P1_t1") == "P1"
    mask = tmp_path / "anna" / "P2_seg.nii.gz"
    assert sorted(file.name[:5] for file in images_of_case(mask)) == ["P2_fl", "P2_t1"]
