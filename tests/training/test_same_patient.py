"""One patient under two spellings is one, wherever cases are split."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from training.tiny import as_csv, tiny

from napari_acs.errors import BadInput
from napari_acs.training.alike import refuse_leaks
from napari_acs.training.cases import Case
from napari_acs.training.checks.split import split_faults
from napari_acs.training.finetune.split import split_cases
from napari_acs.training.folds import Subject, k_folds
from napari_acs.training.layouts import find_training_cases
from napari_acs.training.same_patient import patient_key

ONE = ("sub-01", "sub-1", "SUB_001", "01", " 1")


def test_spellings_of_one_patient_are_one_and_patients_stay_apart():
    assert {patient_key(name) for name in ONE} == {"1"}
    apart = ("sub-10", "sub-1-0", "sub-100", "sub-2", "a1", "TCIA02_370", "TCIA02_37", "sub-", "")
    assert len({patient_key(name) for name in apart}) == len(apart)


@pytest.mark.parametrize("other", ONE[1:])
def test_no_split_parts_them(other, tmp_path):
    table = as_csv(tmp_path, {"a": tiny(1), "b": tiny(2), "c": tiny(3)})
    text = table.read_text().replace(",p0,", ",sub-01,").replace(",p1,", f",{other},")
    table.write_text(text)
    cases = find_training_cases([table])
    (fault,) = split_faults(cases, ["a"], classes=False)
    assert "The patient sub-01 is on both sides" in fault.what
    assert f"b (there {other.strip()})" in str(fault.found)
    subjects = [Subject(case.name, case.patient) for case in cases]
    sides = [set(fold.validation) for fold in k_folds(subjects, 2)]
    assert {"a", "b"} in sides
    patients = {case.name: case.patient for case in cases}
    with pytest.raises(BadInput, match="b would be trained on, and its patient judges"):
        split_cases([Path(name) for name in "abc"], named=["a"], patients=patients)
    images = [torch.rand(1, 8, 8, 8, generator=torch.Generator().manual_seed(i)) for i in range(2)]
    labels = torch.zeros(8, 8, 8, dtype=torch.uint8)
    prepared = [
        Case(name, image, labels, 2.0, patient=patients[name])
        for name, image in zip("ab", images, strict=True)
    ]
    with pytest.raises(BadInput, match="The validation case a is trained on as b"):
        refuse_leaks(prepared, ["a"])


def test_the_draw_of_a_fine_tune_is_that_of_earlier_versions():
    names = ["BraTS2021_1", "Brats18_2013_2_1", "brats-9", "Brats18_CBICA_ABM_1", "x_1", "X-2"]
    split = split_cases([Path(name) for name in names], seed=3)
    assert [case.name for case in split.held_out] == ["BraTS2021_1", "Brats18_2013_2_1"]
