"""Each fault of the data is refused by name, before anything is trained."""

import json
import time
from dataclasses import dataclass

import numpy as np
import pytest
from training.tiny import (
    BRATS,
    ED,
    ET,
    NCR,
    as_bids,
    as_csv,
    as_msd,
    tiny,
    values,
    write,
    write_case,
)

from napari_acs.errors import BadInput
from napari_acs.training.checks.files import look_at
from napari_acs.training.layouts import find_training_cases
from napari_acs.training.preflight import preflight


@dataclass(frozen=True)
class Plan:
    task: str = "segmentation"
    sequences: tuple[str, ...] = ("t1", "t1ce", "t2", "flair")
    exclude: tuple[str, ...] = ()


@pytest.fixture
def data(tmp_path):
    for number in range(3):
        write_case(tmp_path / "data" / f"case{number}", number)
    return tmp_path / "data"


def _look(*roots, plan=None, validation=("case0",), **options):
    preflight(plan or Plan(), find_training_cases(roots), validation, **options)


def test_good_data_pass(data, tmp_path):
    seen = []
    _look(data, looked=lambda *so_far: seen.append(so_far))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    _look(as_msd(tmp_path / "m", {"a": tiny(7)}), validation=())
    table = as_csv(tmp_path / "c", {"a": tiny(7), "b": tiny(8)})
    _look(table, plan=Plan("classification"), validation=())


def _without_one(data):
    (data / "case1" / "case1_t2.nii.gz").unlink()


def _without_all(data):
    for file in data.glob("*/*_t2.nii.gz"):
        file.unlink()


def _without_mask(data):
    (data / "case2" / "case2_seg.nii.gz").unlink()


def _elsewhere(data):
    write(data / "case2" / "case2_seg.nii.gz", values(tiny(2).labels, BRATS), origin=(9, 0, 0))


def _smaller(data):
    write(data / "case2" / "case2_seg.nii.gz", values(tiny(2).labels, BRATS)[:-1])


def _wrong_labels(data):
    write_case(data / "case2", 2, {NCR: 1, ED: 2, ET: 7})


def _binary(data):
    for number in range(3):
        write_case(data / f"case{number}", number, {NCR: 1, ED: 1, ET: 1})


def _one_value(data):
    for number in range(3):
        write_case(data / f"case{number}", number, {ED: 2})


def _no_enhancing(data):
    for number in range(3):
        write_case(data / f"case{number}", number, {NCR: 1, ED: 2})


def _two_schemes(data):
    write_case(data / "case2", 2, {NCR: 1, ED: 2, ET: 3})


def _no_label_map(data):
    write(data / "case2" / "case2_seg.nii.gz", tiny(2).labels * np.float32(0.3))


def _all_empty(data):
    for number in range(3):
        write_case(data / f"case{number}", number, {})


def _not_finite(data):
    array = tiny(1).images["t1"].astype(np.float32)
    array[3, 4, 5] = np.nan
    write(data / "case1" / "case1_t1.nii.gz", array)


def _truncated(data):
    file = data / "case1" / "case1_t1.nii.gz"
    file.write_bytes(file.read_bytes()[:-200])


def _identical(data):
    write(data / "case1" / "case1_t2.nii.gz", tiny(0).images["t2"])


def _identical_unpacked(data):
    for number in (0, 1):
        (data / f"case{number}" / f"case{number}_t2.nii.gz").unlink()
        write(data / f"case{number}" / "t2.nii", tiny(0).images["t2"])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_without_one, r"case1 lacks T2: found T1, T1ce, FLAIR"),
        (_without_all, r"No case has T2"),
        (_without_mask, r"case2 has no mask"),
        (_elsewhere, r"case2_seg.nii.gz is not on the grid.*corners"),
        (_smaller, r"case2_seg.nii.gz is not on the grid.*size"),
        (_wrong_labels, r"case2_seg.nii.gz has unknown labels: found 0, 1, 2, 7; expected 0, 1"),
        (_binary, r"do not tell oedema.*only 0 and 1 in 3"),
        (_one_value, r"do not tell oedema.*only 0 and 2 in 3"),
        (_no_enhancing, r"mark no enhancing tumour, or call it.*only 0, 1, 2 in 3 masks"),
        (_two_schemes, r"What 3 means in .*case2_seg.nii.gz is not clear.*case0"),
        (_no_label_map, r"case2_seg.nii.gz is no label map"),
        (_all_empty, r"No mask marks any tumour, of 3: found 0 in every voxel of case0, case1"),
        (_not_finite, r"case1_t1.nii.gz: found 1 voxel.*NaN"),
        (_truncated, r"case1_t1.nii.gz is truncated"),
        (_identical, r"validation case case0 is trained on as case1.*byte for byte"),
        (_identical_unpacked, r"validation case case0 is trained on as case1.*byte for byte"),
    ],
)
def test_one_fault_of_the_files_is_one_sentence(spoil, said, data):
    spoil(data)
    with pytest.raises(BadInput, match=said) as refusal:
        _look(data)
    assert "faults" not in str(refusal.value)


def test_a_case_may_lack_what_the_recipe_can_do_without(data):
    _without_one(data)
    _look(data, may_lack=("t2",))
    _without_all(data)
    with pytest.raises(BadInput, match="No case has T2"):
        _look(data, may_lack=("t2",))


def test_masks_without_enhancing_tumour_pass_once_it_is_said_what_they_mean(data):
    _no_enhancing(data)
    said = {"background": 0, "necrosis": 1, "edema": 2, "enhancing tumor": 3}
    (data / "dataset.json").write_text(json.dumps({"labels": said}))
    _look(data)


def test_bids_masks_of_which_no_table_says_the_labels_are_refused_where_two_schemes_fit(tmp_path):
    cases = {"a": tiny(7), "b": tiny(8)}
    root = as_bids(tmp_path / "bids", cases)
    options = {"validation": ("sub-01_ses-1",)}
    _look(root, **options)
    tables = sorted(root.rglob("*_dseg.tsv"))
    tables[0].rename(root / "dseg.tsv")
    for table in tables[1:]:
        table.unlink()
    _look(root, **options)
    (root / "dseg.tsv").unlink()
    with pytest.raises(BadInput, match=r"mean is not said: found 0, 1, 2, 3 in 2.*dseg.tsv"):
        _look(root, **options)
    for mask, made in zip(sorted(root.rglob("*_dseg.nii.gz")), cases.values(), strict=True):
        write(mask, values(made.labels, BRATS))  # 4 is enhancing tumour in BraTS alone
    _look(root, **options)


def test_a_folder_of_images_that_is_no_case_is_not_left_out_in_silence(data):
    write_case(data / "case3", 3)
    for number, file in enumerate(sorted((data / "case3").iterdir())):
        file.rename(file.with_name(f"{number}.nii.gz"))
    with pytest.raises(BadInput, match=r"case3 is taken for no case: found .*0\.nii\.gz"):
        _look(data)
    _look(data, plan=Plan(exclude=("case3",)))
    (data / "case3").rename(data / ".case3")
    (data / "notes").mkdir()
    (data / "notes" / "read me.txt").touch()
    _look(data)


def test_a_folder_of_dicom_among_cases_of_brats_is_not_left_out_in_silence(data):
    series = data / "case3" / "t1"
    series.mkdir(parents=True)
    (series / "IM0001").write_bytes(bytes(128) + b"DICM" + bytes(64))
    with pytest.raises(BadInput, match=r"case3 is taken for no case: found DICOM.* by a CSV"):
        _look(data)
    _look(data, plan=Plan(exclude=("case3",)))


def test_cases_beside_hgg_are_not_left_out_in_silence(data):
    for number in (8, 9):
        write_case(data / "HGG" / f"case{number}", number)
    with pytest.raises(BadInput, match=r"have 3 faults:\n1\. .*case0 is .* all cases in HGG"):
        _look(data, validation=())
    _look(data, plan=Plan(exclude=("case0", "case1", "case2")), validation=())


def test_one_empty_mask_is_no_fault(data):
    write_case(data / "case2", 2, {})
    _look(data)


def test_patients_that_differ_in_capitals_are_one(tmp_path):
    table = as_csv(tmp_path, {"a": tiny(7), "b": tiny(8), "c": tiny(9)})
    _look(table, validation=("a",))
    table.write_text(table.read_text().replace(",p1,", ",P0,"))
    with pytest.raises(BadInput, match=r"patient p0 is on both sides.*a for validation, and b"):
        _look(table, validation=("a",))


def test_patients_stay_on_one_side(data):
    write_case(data / "Brats18_TCIA02_370_1", 8)
    write_case(data / "BraTS19_TCIA02_370_1", 9)
    _look(data, validation=("case0",))
    with pytest.raises(BadInput, match=r"patient TCIA02_370 is on both.*Brats18.*BraTS19"):
        _look(data, validation=("Brats18_TCIA02_370_1",))
    _look(data, plan=Plan(exclude=("BraTS19_TCIA02_370_1",)), validation=("Brats18_TCIA02_370_1",))


def test_names_are_unique_and_validation_is_there(data, tmp_path):
    write_case(tmp_path / "more" / "case1", 9)
    with pytest.raises(BadInput, match=r"2 cases are called case1: found .*data.*more"):
        _look(data, tmp_path / "more")
    with pytest.raises(BadInput, match="validation case nobody is not among"):
        _look(data, validation=("nobody",))
    with pytest.raises(BadInput, match="No case is left to train on"):
        _look(data, validation=("case0", "case1", "case2"))
    with pytest.raises(BadInput, match="no case to train on"):
        _look(data, plan=Plan(exclude=("case0", "case1", "case2")))
    with pytest.raises(BadInput, match="an empty folder"):
        (tmp_path / "empty").mkdir()
        _look(tmp_path / "empty")


def test_classes_are_there_and_differ(data, tmp_path):
    plan = Plan("classification")
    with pytest.raises(BadInput, match="case1 has no class"):
        _look(data, plan=plan)
    table = as_csv(tmp_path / "c", {"a": tiny(7), "b": tiny(8)})
    with pytest.raises(BadInput, match=r"of one class: found B"):
        _look(table, plan=plan, validation=("a",))


def test_all_faults_come_at_once_the_first_ten_by_name(data):
    _without_one(data)
    _elsewhere(data)
    with pytest.raises(BadInput, match=r"have 2 faults:\n1. .*lacks T2[^\n]*\n2. .*grid"):
        _look(data)
    for number in range(3, 15):
        write_case(data / f"case{number}", number, leave_out=("seg",))
    with pytest.raises(BadInput) as refusal:
        _look(data)
    message = str(refusal.value)
    assert "14 faults, the first 10" in message
    assert "\n10. " in message
    assert "\n11. " not in message


def test_who_stops_waits_for_no_other_case(data, monkeypatch):
    begun = []

    def slowly(case, *arguments, **options):
        begun.append(case.name)
        time.sleep(0.05)
        return look_at(case, *arguments, **options)

    def stop(_done, _total):
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_acs.training.preflight.look_at", slowly)
    (case, *_) = find_training_cases([data])
    with pytest.raises(KeyboardInterrupt):
        preflight(Plan(), [case] * 40, (), looked=stop)
    assert len(begun) < 20
