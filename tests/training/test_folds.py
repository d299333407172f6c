"""No patient crosses a split, every case is judged once, and the strata are even."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_acs.errors import BadInput
from napari_acs.training.alike import Alike
from napari_acs.training.folds import (
    Subject,
    cached_subjects,
    hold_out,
    k_folds,
    validation_names,
)

subjects = st.lists(
    st.builds(
        Subject,
        name=st.integers(0, 400).map("case{}".format),
        patient=st.tuples(st.sampled_from("pP"), st.integers(0, 15)).map("{0[0]}{0[1]}".format),
        label=st.sampled_from(["", "A", "B"]),
        tumour_ml=st.floats(0, 200),
        enhances=st.booleans(),
    ),
    min_size=2,
    max_size=40,
    unique_by=lambda subject: subject.name,
)


@settings(max_examples=40)
@given(subjects, st.integers(2, 6), st.integers(0, 5), st.data())
def test_every_case_is_judged_once_and_no_patient_crosses(cases, folds, seed, data):
    names = [case.name for case in cases]
    some = st.tuples(st.sampled_from(names), st.sampled_from(names))
    pairs = [Alike(a, b, 1.0) for a, b in data.draw(st.lists(some, max_size=3))]
    who = {case.name: case.patient.lower() for case in cases}
    try:
        splits = k_folds(cases, folds, seed, pairs)
    except BadInput as refusal:
        assert "patients" in refusal.found
        assert len(set(who.values())) - len(pairs) < folds
        return
    assert len(splits) == folds
    assert Counter(name for s in splits for name in s.validation) == Counter(names)
    for split in splits:
        assert split.training
        assert split.validation
        assert sorted((*split.training, *split.validation)) == sorted(names)
        trained, judged = ({who[n] for n in side} for side in (split.training, split.validation))
        assert not trained & judged
        for pair in pairs:
            assert (pair.first in split.validation) == (pair.second in split.validation)
    reordered = k_folds(data.draw(st.permutations(cases)), folds, seed, pairs)
    assert [set(s.validation) for s in reordered] == [set(s.validation) for s in splits]


def _cohort(count):
    rng = np.random.default_rng(0)
    return [
        Subject(f"c{i}", f"p{i}", "", float(ml), i % 4 != 0)
        for i, ml in enumerate(rng.uniform(5, 150, count))
    ]


def test_folds_are_even_in_enhancement_volume_and_class():
    cases = {case.name: case for case in _cohort(40)}
    for split in k_folds(list(cases.values()), 5):
        judged = [cases[name] for name in split.validation]
        assert 1 <= sum(not case.enhances for case in judged) <= 3
        assert 2 <= sum(case.tumour_ml > 77 for case in judged) <= 6
    classed = [Subject(f"c{i}", f"p{i}", "AB"[i < 10]) for i in range(40)]
    for split in k_folds(classed, 5):
        assert Counter(classed[int(name[1:])].label for name in split.validation)["B"] == 2


def test_the_seed_decides():
    cases = _cohort(30)
    assert k_folds(cases, 3, 1) == k_folds(cases, 3, 1) != k_folds(cases, 3, 2)


def test_a_hold_out_is_about_its_share_of_the_patients():
    split = hold_out(_cohort(40), 0.25)
    assert 8 <= len(split.validation) <= 12
    with pytest.raises(BadInput, match="share"):
        hold_out(_cohort(40), 0.7)


def test_folds_that_cannot_be_made_are_refused():
    with pytest.raises(BadInput, match="5 folds cannot be made: found 4 patients"):
        k_folds(_cohort(4), 5)
    with pytest.raises(BadInput, match="2 or more"):
        k_folds(_cohort(4), 1)
    with pytest.raises(BadInput, match="called c0"):
        k_folds([*_cohort(4), *_cohort(1)], 2)


def test_a_numbered_fold_is_the_same_from_data_and_from_a_cache(tmp_path):
    subjects = [Subject(f"case{n}", f"patient{n // 2}") for n in range(12)]
    every = [validation_names(subjects, 3, fold, seed=4) for fold in (1, 2, 3)]
    assert sorted(name for names in every for name in names) == sorted(s.name for s in subjects)
    for subject in subjects:
        np.savez(tmp_path / f"{subject.name}.npz", patient=np.str_(subject.patient))
    assert validation_names(cached_subjects(tmp_path), 3, 2, seed=4) == tuple(sorted(every[1]))
    with pytest.raises(BadInput, match="no such fold"):
        validation_names(subjects, 3, 4)
