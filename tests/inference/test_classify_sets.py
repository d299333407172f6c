"""Intervals and prediction sets from held-out cases: against references and their own promises."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from napari_acs.inference.classify_intervals import intervals_of, venn_abers
from napari_acs.inference.classify_sets import fewest_cases, prediction_set, threshold
from napari_acs.models.calibration_spec import HeldOutScores

SCORES = st.integers(0, 10).map(lambda tenths: tenths / 10)  # coarse, so that many are equal
CASES = st.lists(st.tuples(SCORES, st.booleans()), min_size=1, max_size=30)


@given(CASES, SCORES)
def test_the_two_ends_are_those_of_scikit_learns_isotonic_regression(cases, score):
    scores, truth = (np.array(each) for each in zip(*cases, strict=True))
    found = venn_abers(scores.astype(float), truth, score)
    for label, end in enumerate(found):
        reference = IsotonicRegression().fit(np.append(scores, score), np.append(truth, label))
        assert end == pytest.approx(reference.predict([score])[0], abs=1e-9)
    assert found[0] <= found[1]


def held(scores, truth, **changes) -> HeldOutScores:
    pairs = [(1 - s, s) for s in scores]
    return HeldOutScores(scores=pairs, truth=[(int(t),) for t in truth], **changes)


def test_the_intervals_of_two_classes_mirror_each_other():
    (low0, high0), (low1, high1) = intervals_of(held([0.25, 0.5, 0.75], [0, 0, 1]), (0.25, 0.75))
    assert (low0, high0) == pytest.approx((1 - high1, 1 - low1))
    assert high1 == 1 and low1 == pytest.approx(0.5)


@given(st.lists(SCORES, max_size=40), SCORES, st.sampled_from([0.5, 0.8, 0.9, 0.95]))
def test_a_class_stays_while_its_p_value_is_above_alpha(scores, score, coverage):
    limit = threshold(np.array(scores), coverage)
    # Vovk's definition, counted exactly: cases that fit their class no better than this one.
    worse = 1 + sum(each <= score for each in scores)
    p = Fraction(worse, len(scores) + 1)
    assert (limit is None or score >= limit) == (p > 1 - Fraction(str(coverage)))


@pytest.mark.parametrize("conformal", ["per-class", "marginal"])
def test_sets_cover_the_truth_as_often_as_they_say(conformal):
    random = np.random.default_rng(5)

    def drawn(n):
        truth = random.random(n) < 0.2
        return random.beta(np.where(truth, 4, 2), np.where(truth, 2, 4)), truth

    hits = []
    for _ in range(60):
        known = held(*drawn(120), coverage=0.8, conformal=conformal)
        for s, t in zip(*drawn(30), strict=True):
            members = prediction_set(known, (1 - s, s), exclusive=True).members
            hits.append((bool(t), int(t) in members))
    parts = [[ok for _, ok in hits]]
    if conformal == "per-class":
        parts = [[ok for true, ok in hits if true == which] for which in (False, True)]
    for part in parts:
        assert 0.77 < np.mean(part) < 0.88


def test_a_class_of_too_few_cases_is_never_ruled_out():
    assert [fewest_cases(c) for c in (0.5, 0.8, 0.9, 0.95)] == [1, 4, 9, 19]
    few = held([0.1] * 4 + [0.9] * 22, [0] * 4 + [1] * 22)
    found = prediction_set(few, (0.01, 0.99), exclusive=True)
    assert (found.members, found.too_few, found.fewest) == ((0, 1), (0,), 9)
    overall = held([0.1] * 4 + [0.9] * 22, [0] * 4 + [1] * 22, conformal="marginal")
    assert prediction_set(overall, (0.01, 0.99), exclusive=True).members == (1,)
