"""Patients never cross the split, whoever names the cases."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from training.tiny import write_case

from napari_acs.errors import BadInput
from napari_acs.models import load_bundle
from napari_acs.models.store import DEFAULT_ID
from napari_acs.training.finetune.folders import gather
from napari_acs.training.finetune.split import split_cases
from napari_acs.training.layouts.patients import patient_of


def _cases(tmp_path, names):
    folders = [tmp_path / "data" / name for name in names]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    return folders


@given(
    visits=st.lists(st.integers(1, 3), min_size=2, max_size=12),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_every_case_serves_once_and_patients_stay_together(
    tmp_path_factory, visits, share, seed, data
):
    root = Path("data")
    names = [f"p{n}_visit{v}" for n, count in enumerate(visits) for v in range(count)]
    corrected = [root / name for name in names]
    others = data.draw(st.lists(st.integers(0, 19), unique=True))
    apart = data.draw(st.lists(st.integers(0, 19), unique=True))
    options = {
        "share": share,
        "seed": seed,
        "rehearsed": [root / "more" / f"p{n}_visit9" for n in others],
        "apart": [f"p{n}_visit0" for n in apart],
    }
    split = split_cases(corrected, **options)
    assert split == split_cases(corrected, **options)
    assert sorted([*split.training, *split.held_out]) == sorted(corrected)
    assert split.training and split.held_out
    judges = {patient_of(case.name) for case in split.held_out}
    learnt = {patient_of(case.name) for case in (*split.training, *split.rehearsed)}
    assert not judges & learnt
    assert not {f"p{n}" for n in apart} & {patient_of(case.name) for case in split.rehearsed}
    assert len(split.rehearsed) + len(split.left_out) == len(others)


def test_named_cases_are_held_out_and_a_patient_on_both_sides_is_refused(tmp_path):
    corrected = _cases(tmp_path, ["BraTS2021_01", "BraTS2021_02", "x_visit1", "x_visit2"])
    split = split_cases(corrected, named=["02"])
    assert [case.name for case in split.held_out] == ["BraTS2021_02"]
    with pytest.raises(BadInput, match="x_visit2"):
        split_cases(corrected, named=["x_visit1"])
    with pytest.raises(BadInput, match="nobody"):
        split_cases(corrected, named=["nobody"])
    with pytest.raises(BadInput, match="left to train"):
        split_cases(corrected, named=[case.name for case in corrected])


def test_one_patient_and_one_case_twice_are_refused(tmp_path):
    with pytest.raises(BadInput, match="two patients"):
        split_cases(_cases(tmp_path, ["x_visit1", "x_visit2"]))
    corrected = _cases(tmp_path, ["a", "b"])
    with pytest.raises(BadInput, match="called a"):
        split_cases(corrected, rehearsed=[tmp_path / "more" / "a"])


def test_patients_and_folders_that_differ_in_capitals_are_one(tmp_path):
    corrected = _cases(tmp_path, ["a", "b", "c"])
    patients = {"a": "P0", "b": "p0", "c": "P1"}
    split = split_cases(corrected, named=["c"], patients=patients)
    assert [case.name for case in split.training] == ["a", "b"]
    with pytest.raises(BadInput, match=r"b would be trained on, and its patient judges"):
        split_cases(corrected, named=["a"], patients=patients)
    with pytest.raises(BadInput, match="two patients"):
        split_cases(corrected[:2], patients=patients)
    with pytest.raises(BadInput, match=r"called a: found .*more/A"):
        split_cases(corrected, rehearsed=[tmp_path / "more" / "A"], patients=patients)


def test_a_patient_who_is_trained_on_cannot_tell_what_was_forgotten():
    root = Path("data")
    corrected = [root / "a_visit1", root / "b_visit1"]
    judged = [root / "old" / name for name in ("a_visit2", "b_visit2", "c_visit1")]
    split = split_cases(corrected, judged=judged)
    learned = patient_of(split.training[0].name)
    assert learned not in {patient_of(case.name) for case in split.judged}
    assert len(split.judged) == 2


def test_two_scans_that_brats_2020_renamed_stay_on_one_side(tmp_path):
    """Their new names do not tell that they are of one patient; its table does, as in training."""
    names = ["BraTS20_Training_001", "BraTS20_Training_002", "BraTS20_Training_003"]
    for number, name in enumerate(names):
        write_case(tmp_path / "data" / name, number)
    (tmp_path / "data" / "name_mapping.csv").write_text(
        "Grade,BraTS_2018_subject_ID,BraTS_2020_subject_ID\n"
        f"HGG,Brats18_TCIA02_370_1,{names[0]}\nHGG,Brats18_TCIA02_370_2,{names[1]}\n"
    )
    spec = load_bundle(DEFAULT_ID).spec
    with pytest.raises(BadInput, match=r"002 would be trained on, and its patient judges"):
        gather(spec, [tmp_path / "data"], named=["001"])
    assert len(gather(spec, [tmp_path / "data"], named=["003"]).training) == 2
