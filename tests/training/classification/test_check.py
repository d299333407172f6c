"""A classifier's cases are looked at as those of segmentation are, before any is prepared."""

import csv

import numpy as np
import pytest
from training.tiny import ED, ET, NCR, write, write_case

from napari_acs.errors import BadInput
from napari_acs.training.classification.check import refuse_bad_cases
from napari_acs.training.classification.run import run_classification
from napari_acs.training.layouts import find_training_cases


@pytest.fixture
def data(tmp_path):
    for number in range(4):
        write_case(tmp_path / "data" / f"case{number}", number)
    return tmp_path / "data"


def _binary(folder, number):
    write_case(folder / f"case{number}", number, {NCR: 1, ED: 1, ET: 1})


def test_a_mask_of_another_scheme_is_refused_before_anything_is_prepared(recipe, data, tmp_path):
    write_case(data / "case1", 1, {NCR: 1, ED: 2, ET: 3})
    work = run_classification(
        recipe(), find_training_cases([data]), tmp_path / "run", tmp_path / "b", pretrained=False
    )
    with pytest.raises(BadInput, match=r"What 3 means in .*case1_seg"):
        list(work)
    assert not (tmp_path / "run").exists()


def test_all_faults_are_named_at_once(recipe, data):
    (data / "case0" / "case0_seg.nii.gz").unlink()
    write(data / "case2" / "case2_seg.nii.gz", np.ones((20, 22, 24), np.uint8), origin=(9, 0, 0))
    (data / "case3" / "case3_t1ce.nii.gz").unlink()
    (data / "case3" / "case3_flair.nii.gz").unlink()  # which may be missing
    with pytest.raises(BadInput, match=r"3 faults") as refusal:
        refuse_bad_cases(recipe(), find_training_cases([data]))
    for said in ("case0 has no mask", "case2_seg.nii.gz is not on the grid", "case3 lacks T1ce: "):
        assert said in str(refusal.value)


def test_only_what_the_recipe_asks_of_masks_is_asked(recipe, data, tmp_path):
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("case", "label"), *((f"case{n}", "dark") for n in range(4))])
    listed = {"derived": None, "labels": tmp_path / "labels.csv"}
    for number in range(4):
        _binary(data, number)
    cases = find_training_cases([data])
    with pytest.raises(BadInput, match="do not tell oedema"):
        refuse_bad_cases(recipe(), cases)
    refuse_bad_cases(recipe(**listed), cases)  # the whole tumour is its box's middle
    (data / "case1" / "case1_seg.nii.gz").unlink()
    cases = find_training_cases([data])
    with pytest.raises(BadInput, match="case1 has no mask"):
        refuse_bad_cases(recipe(**listed), cases)
    maskless = {**recipe().input.model_dump(), "centre": "volume", "mask_channel": False}
    (data / "case2" / "case2_seg.nii.gz").write_bytes(b"no image")
    refuse_bad_cases(recipe(**listed, input=maskless), find_training_cases([data]))
    with pytest.raises(BadInput, match="case0 has no class"):
        refuse_bad_cases(recipe(derived=None, input=maskless), find_training_cases([data]))
