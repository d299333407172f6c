"""What exported measures call a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_acs.imaging import Grid
from napari_acs.imaging.pseudonym import study_key
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.study_told import study_told

GRID = Grid((4, 4, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), tuple(np.eye(3).ravel()))


def image(file: Path, study: str = "baseline") -> LayerInfo:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return LayerInfo(GRID, file, study)


def test_two_patients_in_folders_of_one_name_are_told_apart(tmp_path):
    one = study_told(image(tmp_path / "ann" / "baseline" / "t1.nii.gz"))
    two = study_told(image(tmp_path / "bob" / "baseline" / "t1.nii.gz"))

    assert one != two
    for told in (one, two):
        assert told is not None and told.startswith("study-")
        assert not any(word in told for word in ("ann", "bob", "baseline"))


def test_a_study_has_one_key_whatever_its_mask_was_drawn_on_and_whatever_else_is_open(tmp_path):
    folder = tmp_path / "ann" / "baseline"
    t1, flair = image(folder / "T1_AX.nii.gz"), image(folder / "FLAIR_SAG.nii.gz", "ann/baseline")
    mask = replace(image(tmp_path / "masks" / "m7.nii.gz"), reference=t1)

    assert len({study_told(each) for each in (t1, flair, mask)}) == 1


@pytest.mark.parametrize(
    ("one", "again", "other"),
    [
        ("p1_t1.nii.gz", "p1_flair.nii.gz", "p2_t1.nii.gz"),  # two of one sequence
        ("g_001_0000.nii.gz", "g_001_0003.nii.gz", "g_002_0000.nii.gz"),
        ("p1_seg.nii.gz", "p1.nii.gz", "p2_seg.nii.gz"),
        ("\u7532_t1.nii.gz", "\u7532_flair.nii.gz", "\u4e59_t1.nii.gz"),  # letters of any script
        ("M\u00fcller_t1.nii.gz", "Mu\u0308ller_flair.nii.gz", "M\u00f6ller_t1.nii.gz"),
        ("P1_AX_T2.nii.gz", "P1_T1_post.nii.gz", "P2_AX_T2.nii.gz"),  # planes and agents say nought
    ],
)
def test_cases_in_one_folder_are_told_apart_by_their_names(tmp_path, one, again, other):
    files = {name: image(tmp_path / name, "all") for name in (one, again, other)}
    told = {name: study_told(info) for name, info in files.items()}

    assert told[one] == told[again] != told[other]


def test_a_review_session_s_case_keeps_its_name_also_where_the_images_are_dicom(tmp_path):
    class Dicom:
        study_key = study_key("1.2.3")

    repeat = "study-0123456789ab"  # a second reading bears a name of its own
    info = replace(image(tmp_path / "t1.nii.gz", repeat), dicom=Dicom())

    assert study_told(info) == repeat
    assert study_told(replace(info, study="Baseline")) == Dicom.study_key


def test_what_has_no_file_is_called_after_its_name_or_not_at_all():
    assert study_told(LayerInfo(GRID)) is None
    told = study_told(LayerInfo(GRID, study="Sample"))
    assert told is not None and told.startswith("study-") and "Sample" not in told


def test_numbered_channels_beside_named_images_are_no_one_study(tmp_path):
    names = ("t1", "b_1_0000", "b_1_0001", "b_2_0000", "b_2_0001")
    files = [image(tmp_path / f"{name}.nii.gz", "all") for name in names]
    told = [study_told(file) for file in files]

    assert told[1] == told[2] != told[3] == told[4]


def test_keys_of_measures_on_disk_stay(tmp_path, monkeypatch):
    """Of a file among those of several patients: folder, and the name's words in small letters."""
    monkeypatch.setattr("napari_acs.viewer.study_told.place_key", lambda place: Path(place).name)
    names = {
        "Case 7-T1.nii": "case_7",
        "P.1_flair.nii.gz": "p_1",
        "sub-01_ses-2_T1w.nii.gz": "sub_01_ses_2",
        "g_001_0000.nii": "g_001",
    }
    for name in names:
        image(tmp_path / f"other_{name}")
    told = [study_told(image(tmp_path / name)) for name in names]
    assert told == list(names.values())
