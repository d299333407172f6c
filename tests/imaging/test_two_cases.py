"""Files of two cases in one folder of which no sequence occurs twice."""

from __future__ import annotations

import pytest

from napari_acs.errors import BadInput
from napari_acs.imaging.find import find_sequences
from napari_acs.imaging.flat_folder import case_of
from napari_acs.imaging.two_cases import cases_by_name

TWO = [
    "P1_t1 P1_flair P2_t1ce P2_t2",
    "P1_t1 P1_flair P1_t1ce P2_t2",
    "smith_t1 smith_t1ce jones_flair jones_t2",
    "sub-01_T1w sub-01_FLAIR sub-02_ce-gad_T1w",
    "sub-01_ses-1_T1w sub-01_ses-1_FLAIR sub-01_ses-2_ce-gad_T1w sub-01_ses-2_T2w",
    "BraTS2021_01479_t1 BraTS2021_01479_t2 BraTS2021_01480_t1ce BraTS2021_01480_flair",
    "20200101_t1 20200101_flair 20200302_t1ce 20200302_t2",
    "anna_1_t1 anna_1_flair anna_2_t2",
    "001_t1 001_flair 002_t1ce 002_t2",
    "preop_t1 preop_flair postop_t1ce postop_t2",
]
ONE = [
    "t1 t1ce t2 flair",
    "P1_t1 P1_t1ce P1_t2 P1_flair",
    "P1_t1 P1_flair P1_reg_t1ce P1_reg_t2",
    "P1_t1 P1_flair rP1_t1ce rP1_t2",
    "P1_brain_t1 P1_brain_flair P1_n4_t1ce P1_n4_t2",
    "3_t1_se_tra 4_t1c_se_tra 5_t2_tse_tra 6_flair_tirm",
    "P1_3_t1 P1_4_t1ce P1_5_t2 P1_6_flair",
    "se_t1 se_t1ce tse_t2 tse_flair",
    "ax_t1 ax_t1ce sag_t2 sag_flair",
    "sub-01_acq-mprage_T1w sub-01_acq-mprage_ce-gad_T1w sub-01_acq-tse_T2w sub-01_acq-tse_FLAIR",
    "pre_t1 post_t1 pre_flair post_t2",
    "anna_t1 anna_t1ce anna_t2 flair_reg",
    "T1_P1 T1c_P1 T2 FLAIR",
    "20200101101010_t1 20200101102020_t1ce 20200101103030_t2",
]


@pytest.mark.parametrize("names", TWO)
def test_two_cases_are_refused_as_one_study_and_told_apart_one_by_one(tmp_path, names):
    files = [tmp_path / f"{name}.nii.gz" for name in names.split()]
    for file in files:
        file.touch()
    with pytest.raises(BadInput, match="several patients or dates") as refusal:
        find_sequences(tmp_path)
    first = names.split()[0].rsplit("_", 1)[0].lower().replace("-", "_")
    assert f"of {first}" in refusal.value.sentence()
    assert case_of(files[0]) == case_of(files[1]) != case_of(files[-1])


@pytest.mark.parametrize("names", ONE)
def test_one_case_is_a_study_whatever_its_images_are_called(tmp_path, names):
    assert not cases_by_name(f"{name}.nii.gz" for name in names.split())
    for name in names.split():
        (tmp_path / f"{name}.nii.gz").touch()
    assert len(find_sequences(tmp_path)) == len(names.split())
    assert {case_of(tmp_path / f"{name}.nii.gz") for name in names.split()} == {""}


def test_single_images_of_different_numbers_may_be_series_of_one_case():
    assert not cases_by_name(["3_t1.nii", "5_flair.nii"])
    assert not cases_by_name(["P1_t1.nii", "P2_flair.nii"]), "not known, so nothing is said"
