from __future__ import annotations

import pytest

from napari_acs.imaging import guess_sequence, is_mask_name

DIALECTS = {
    "t1": [
        "BraTS2021_00495_t1.nii.gz",
        "BraTS-GLI-00001-000-t1n.nii.gz",
        "VSD.Brain.XX.O.MR_T1.54514.mha",
        "OtherEXampleFromTCIA_t1_bet.nii.gz",
        "T1_AX_OtherEXampleTCIA_TCGA-FG-6692_Si_TCGA-FG-6692_T1_AX_SE_10_se2d1_t1.nii.gz",
        "sub-01_T1w.nii",
        "sub-01_ses-2_space-T2w_T1w.nii.gz",
        "T1 pre contrast",
        "T1 no contrast",
        "T1-weighted",
        "t1_masked.nii",
        "Post_Scan_T1.nii.gz",  # after treatment, not after contrast
        "t1 [1]",
        "T1_to_t1ce.nii.gz",
    ],
    "t1ce": [
        "BraTS2021_00495_t1ce.nii.gz",
        "BraTS-GLI-00001-000-t1c.nii.gz",
        "UPENN-GBM-00001_11_T1GD.nii.gz",
        "VSD.Brain.XX.O.MR_T1c.54513.mha",
        "T1c_subtrMeanDivStd.nii.gz",
        "case_T1Gd.nii",
        "case_T1CE.nii",
        "case_t1post.nrrd",
        "T1_AX_POST_GAD.mha",
        "MRHR_T1_AX_POST_GAD_OtherEXampleTCIA_TCGA-FG-6692_Si_TCGA-FG-6692_MRHR_T1_AX_POST_GAD_SE"
        "_13_se2d1r_t1c.nii.gz",
        "sub-01_ce-gadolinium_T1w.nii.gz",
        "T1+C",
        "T1 C+",
        "t1-ce",
        "t1 post contrast",
        "AX T1 POST",
        "Post T1.nii",
        "T1 MPRAGE + Gd",
        "phantom_t1ce.nii.gz",
        "t1ce [1]",
        "t1ce_to_t2.nii",
        "P1_reg_t1ce.nii",
    ],
    "t2": [
        "BraTS2021_00495_t2.nii.gz",
        "BraTS-GLI-00001-000-t2w.nii.gz",
        "VSD.Brain.XX.O.MR_T2.54515.mha",
        "MRHR_T2_AX_OtherEXampleTCIA_TCGA-FG-6692_Si_TCGA-FG-6692_MRHR_T2_AX_SE_2_tse2d1_11_t2.nii",
        "sub-01_space-T1w_T2w.nii.gz",
        "t2_to_t1.nii.gz",
        "reg_t2_to_t1.nii.gz",
    ],
    "flair": [
        "BraTS2021_00495_flair.nii.gz",
        "BraTS-GLI-00001-000-t2f.nii.gz",
        "Brats18_TCIA10_628_1_flair.nii.gz",
        "VSD.Brain.XX.O.MR_Flair.54512.mha",
        "Flair_subtrMeanDivStd.nii.gz",
        "OtherEXampleFromTCIA_fla_bet.nii.gz",
        "MRHR_FLAIR_AX_OtherEXampleTCIA_TCGA-FG-6692_MRHR_FLAIR_AX_SE_IR_5_tir2d1_21_fla.nii.gz",
        "FLAIR",
        "T2 FLAIR",
        "T2-FLAIR",
        "t2flair",
        "T2_FLAIR_AX.nii",
    ],
    None: [
        "image.nii",
        "1_image.nrrd",
        "simple.nii.gz",
        "ADC.nii",
        "T1_map.nii",
        "T2*",
        "T2star.nii",
        "t1_t2.nii",
        "T1_FLAIR_average.nii",
        "BraTS2021_00495_seg.nii.gz",
        "t1ce_seg.nii",
        "T1_brain_mask.nii",
        "attention.nii",
    ],
}


@pytest.mark.parametrize(("key", "name"), [(k, n) for k, names in DIALECTS.items() for n in names])
def test_sequences_are_told_in_every_dialect(key, name):
    assert guess_sequence(name) == key
    assert guess_sequence(f"/data/T1_study/{name}") == key  # the folder's name has no say


@pytest.mark.parametrize(
    "name",
    [
        "BraTS2021_00495_seg.nii.gz",
        "OTMultiClass.nii.gz",
        "VSD.Brain_3more.XX.O.OT.54517.mha",
        "brainmask.nii.gz",
        "Pre_Mask.nii.gz",
        "1_label.nrrd",
        "t1ce_tumor.nii.gz",
        "Segmentation",
        "segmentation (2)",
    ],
)
def test_masks_are_told_by_their_names(name):
    assert is_mask_name(name)
    assert guess_sequence(name) is None


@pytest.mark.parametrize("name", ["t1.nii.gz", "FLAIR", "t1_masked.nii", "1_image.nrrd"])
def test_images_are_no_masks(name):
    assert not is_mask_name(name)
