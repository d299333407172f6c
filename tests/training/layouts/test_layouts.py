"""Every layout gives the same studies and the same truth, and says what it cannot read."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import SHARED_DATA, needs_shared_data
from training.tiny import (
    BIDS_NAMES,
    ED,
    ET,
    NCR,
    WRITERS,
    as_bids,
    as_csv,
    as_msd,
    as_nnunet,
    msd_json,
    tiny,
    write,
    write_case,
)

from napari_acs.errors import BadInput
from napari_acs.training.layouts import find_training_cases
from napari_acs.training.layouts.patients import patient_of
from napari_acs.training.layouts.read import read_case
from napari_acs.training.prepare import nested_labels, prepare

CASES = {"Brats18_TCIA02_370_1": tiny(1), "Brats18_TCIA02_606_1": tiny(2)}


@pytest.mark.parametrize("layout", WRITERS)
def test_every_layout_gives_the_same_voxels_and_the_same_tissues(layout, tmp_path):
    root = WRITERS[layout](tmp_path / "data", CASES)
    found = find_training_cases([root])
    assert len(found) == len({case.name for case in found}) == len({c.patient for c in found}) == 2
    assert find_training_cases([root], layout.split()[0]) == found
    for case, made in zip(found, CASES.values(), strict=True):
        study, regions = read_case(case)
        np.testing.assert_array_equal(nested_labels(regions), made.labels)
        assert {NCR, ED, ET} < set(np.unique(made.labels))
        assert list(study.sequences) == ["t1", "t1ce", "t2", "flair"]
        for key, volume in study.sequences.items():
            np.testing.assert_array_equal(volume.array, made.images[key], err_msg=key)


def test_what_tables_say_of_a_case_is_kept(tmp_path):
    first, second = find_training_cases([as_csv(tmp_path / "csv", CASES)])
    assert (first.patient, first.site, first.label) == ("p0", "Wien", "A")
    assert second.label == "B"
    bids = find_training_cases([as_bids(tmp_path / "bids", CASES)])
    assert [(c.name, c.patient, c.site) for c in bids] == [
        ("sub-01_ses-1", "sub-01", "Wien"),
        ("sub-02_ses-1", "sub-02", ""),
    ]
    write_case(tmp_path / "brats" / "LGG" / "BraTS20_Training_007", 3)
    write_case(tmp_path / "brats" / "HGG" / "BraTS19_CBICA_AAB_1", 4)
    (tmp_path / "brats" / "name_mapping.csv").write_text(
        "Grade,BraTS_2017_subject_ID,BraTS_2018_subject_ID,BraTS_2019_subject_ID,"
        "BraTS_2020_subject_ID\nLGG,NA,Brats18_TCIA10_628_1,BraTS19_TCIA10_628_1,"
        "BraTS20_Training_007\n"
    )
    brats = find_training_cases([tmp_path / "brats"])
    assert [(c.label, c.patient, c.site) for c in brats] == [
        ("HGG", "CBICA_AAB", "CBICA"),
        ("LGG", patient_of("Brats18_TCIA10_628_1"), "TCIA10"),
    ]


_MAPPING = "Grade,BraTS_2018_subject_ID,BraTS_2020_subject_ID\n"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"HGG,Brats18_J\xf6rg_1_1,a\n", "name_mapping.csv cannot be read as CSV: .*UTF-8"),
        (b"HGG,Brats18_A_1_1,a\nLGG,Brats18_B_1_1,a\n", "line 3, says of a what another"),
    ],
)
def test_a_table_of_names_that_will_not_do_is_refused(tmp_path, table, said):
    write_case(tmp_path / "brats" / "a", 1)
    (tmp_path / "brats" / "name_mapping.csv").write_bytes(_MAPPING.encode() + table)
    with pytest.raises(BadInput, match=said):
        find_training_cases([tmp_path / "brats"])


def test_a_table_of_names_without_their_columns_is_refused(tmp_path):
    write_case(tmp_path / "brats" / "a", 1)
    (tmp_path / "name_mapping.csv").write_text("old,new\nx,a\n")
    with pytest.raises(BadInput, match=r"does not say which case.*found columns old, new"):
        find_training_cases([tmp_path / "brats"])


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("Brats17_TCIA_117_1", "TCIA_117"),
        ("BraTS19_2013_3_1", "2013_3"),
        ("BraTS20_Training_001", "BraTS20_Training_001"),
        ("BraTS2021_01485", "BraTS2021_01485"),
        ("BraTS-GLI-00005-101", "BraTS-GLI-00005"),
        ("BraTS-MEN-RT-0001-1", "BraTS-MEN-RT-0001-1"),
        ("brats_2013_pat0003_1", "brats_2013_pat0003"),
        ("P7_ses-2", "P7"),
        ("anything_12", "anything_12"),
    ],
)
def test_patients_by_name(name, patient):
    assert patient_of(name) == patient


def test_a_pattern_says_patients(tmp_path):
    for name in ("A1-x", "A1-y"):
        write_case(tmp_path / name, 5, leave_out=("t1", "t2", "flair", "seg"))
    cases = find_training_cases([tmp_path], patient_pattern=r"^(\w+)-")
    assert {case.patient for case in cases} == {"A1"}
    with pytest.raises(BadInput, match=r"A1-x.*does not say its patient"):
        find_training_cases([tmp_path], patient_pattern="B(.)")
    with pytest.raises(BadInput, match="no regular expression"):
        find_training_cases([tmp_path], patient_pattern="(")


def test_of_two_bids_images_that_of_the_masks_own_derivative_counts(tmp_path):
    root = as_bids(tmp_path, CASES)
    derived = root / "derivatives" / "lesions" / "sub-01" / "ses-1" / "anat"
    stem = "sub-01_ses-1_desc-stripped"
    write(derived / f"{stem}_T1w.nii.gz", CASES["Brats18_TCIA02_606_1"].images["t1"])
    other = root / "derivatives" / "fmriprep" / "sub-01" / "ses-1" / "anat"
    write(other / "sub-01_ses-1_space-MNI_T2w.nii.gz", CASES["Brats18_TCIA02_606_1"].images["t2"])
    case = find_training_cases([root])[0]
    assert case.sequences["t1"].parent == derived
    assert case.sequences["t2"] == root / "sub-01" / "ses-1" / "anat" / "sub-01_ses-1_T2w.nii.gz"
    write(derived / f"{stem}_dseg.nii.gz", CASES["Brats18_TCIA02_370_1"].labels)
    with pytest.raises(BadInput, match="sub-01_ses-1 has several masks"):
        find_training_cases([root])


def _edit(root, **changes):
    file = root / "dataset.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"channel_names": {"0": "MRI"}}, r"channel 0 says no sequence.*'MRI'"),
        ({"channel_names": {"0": "T1", "1": "T1w"}}, "channels are not clear"),
        ({"channel_names": None}, "names no channels"),
        ({"labels": {"background": 0, "tumor": 1}}, r"'tumor'"),
        ({"labels": {"background": 0, "edema": 1, "enhancing tumor": 2}}, "does not say"),
        ({"labels": {"edema": 1, "necrosis": 1, "enhancing tumor": 3}}, "contradict"),
        ({"labels": {"background": 0, "ignore": 4}}, "ignore"),
        ({"labels": {"0": "background", "1": "part a", "2": "part b"}}, "'part a'"),
    ],
)
def test_a_dataset_json_that_is_not_clear_is_refused(changes, said, tmp_path):
    root = as_nnunet(tmp_path, {"a": tiny(1)})
    _edit(root, **changes)
    with pytest.raises(BadInput, match=said) as refusal:
        find_training_cases([root])
    assert "dataset.json" in str(refusal.value)


def test_channels_of_another_kind_are_left_out(tmp_path):
    root = as_nnunet(tmp_path, {"a": tiny(1)})
    _edit(root, channel_names={"0": "FLAIR", "1": "ADC", "2": "T1-weighted post-contrast"})
    (case,) = find_training_cases([root])
    assert {key: path.name for key, path in case.sequences.items()} == {
        "flair": "a_0000.nii.gz",
        "t1ce": "a_0002.nii.gz",
    }


def test_a_4d_image_with_too_few_volumes_is_refused(tmp_path):
    root = as_msd(tmp_path, {"a": tiny(1)})
    _edit(root, modality={"0": "FLAIR", "4": "T1w"})
    with pytest.raises(BadInput, match=r"a.nii.gz has too few channels: found 4"):
        read_case(find_training_cases([root])[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("t1,mask\na,b\n", "no table of cases"),
        ("case|t1\na|b\n", r"no table of cases.*case\|t1"),
        ("case,t1,T1w\n", "both t1"),
        ("case,t1\n../a,x\n", r"line 2 names no case"),
        ("case,t1\na,nothing.nii\n", r"line 2 names a file that is not there"),
        ("case,t1\n", "finds no case"),
    ],
)
def test_a_table_that_is_not_clear_is_refused(text, said, tmp_path):
    (tmp_path / "cases.csv").write_text(text)
    with pytest.raises(BadInput, match=said):
        find_training_cases([tmp_path / "cases.csv"])


def test_a_folder_that_is_no_data_set_is_refused_with_what_is_in_it(tmp_path):
    with pytest.raises(BadInput, match="an empty folder"):
        find_training_cases([tmp_path])
    (tmp_path / "notes").mkdir()
    (tmp_path / "a.txt").touch()
    with pytest.raises(BadInput, match=r"1 folders \(notes\) and 1 files \(a.txt\).*nnunet"):
        find_training_cases([tmp_path])
    with pytest.raises(BadInput, match="no such file"):
        find_training_cases([tmp_path / "none"])
    with pytest.raises(BadInput, match=r"'dicom'.*auto, csv"):
        find_training_cases([tmp_path], "dicom")
    (tmp_path / "imagesTr").mkdir()
    (tmp_path / "imagesTr" / "a_0000.nii.gz").touch()
    with pytest.raises(BadInput, match=r"no dataset.json"):
        find_training_cases([tmp_path])


@pytest.mark.slow  # the layouts are tested one by one on tiny cases
@needs_shared_data
def test_a_real_case_makes_one_cache_in_any_layout(tmp_path):
    name = "BraTS2021_01479"  # enhancing tumour, oedema and core are all large
    source = SHARED_DATA / "brats2021" / name
    files = {k: source / f"{name}_{k}.nii.gz" for k in ("t1", "t1ce", "t2", "flair", "seg")}
    mask = sitk.ReadImage(str(files["seg"]))
    for layout in ("brats", "nnunet", "msd", "bids"):
        (tmp_path / layout).mkdir()
    (tmp_path / "brats" / name).symlink_to(source)
    order = ("flair", "t1", "t1ce", "t2")
    images, anat = tmp_path / "nnunet" / "imagesTr", Path("sub-1") / "anat"
    bids = tmp_path / "bids"
    links = {
        **{images / f"{name}_{i:04}.nii.gz": key for i, key in enumerate(order)},
        **{bids / anat / f"sub-1_{said}.nii.gz": key for key, said in BIDS_NAMES.items()},
        bids / "derivatives" / "x" / anat / "sub-1_dseg.nii.gz": "seg",
    }
    for link, key in links.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(files[key])
    # The Decathlon's values: 1 oedema, 2 core.
    changed = sitk.ChangeLabel(mask, {1: 2, 2: 1, 4: 3})
    for layout in ("nnunet", "msd"):
        (tmp_path / layout / "labelsTr").mkdir()
        sitk.WriteImage(changed, tmp_path / layout / "labelsTr" / f"{name}.nii.gz")
        msd_json(tmp_path / layout, [name])
    (tmp_path / "msd" / "imagesTr").mkdir()
    joined = sitk.JoinSeries([sitk.ReadImage(str(files[key])) for key in order])
    sitk.WriteImage(joined, tmp_path / "msd" / "imagesTr" / f"{name}.nii.gz", useCompression=False)
    made = {}
    for layout in ("brats", "nnunet", "msd", "bids"):
        out = tmp_path / "cache" / layout
        list(prepare([tmp_path / layout], out, ("t1", "t1ce", "t2", "flair"), 4.0, phantoms=False))
        (file,) = out.glob("*.npz")
        made[layout] = dict(np.load(file))
    assert set(np.unique(made["brats"]["labels"])) == {0, NCR, ED, ET}
    for layout in ("nnunet", "msd", "bids"):
        for key in ("images", "labels", "spacing_mm"):
            np.testing.assert_array_equal(made[layout][key], made["brats"][key], err_msg=layout)
