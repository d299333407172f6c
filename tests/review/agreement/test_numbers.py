"""Kappa, limits of agreement and ICC: published examples, scikit-learn, and a second way."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from napari_acs.errors import BadInput
from napari_acs.review.agreement import (
    Resampling,
    bland_altman,
    cohen_kappa,
    fleiss_kappa,
    icc,
)
from napari_acs.review.agreement.estimate import over_cases

QUICK = Resampling(times=100)

# Bland & Altman, Lancet 1:307-310, 1986, table 1: peak flow (l/min), first readings of the large
# Wright meter and of the mini meter.
LARGE = (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427)
MINI = (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451)

# Shrout & Fleiss, Psychol Bull 86:420-428, 1979, table 2: six targets, four judges.
JUDGES = ((9, 6, 8, 7, 10, 6), (2, 1, 4, 1, 5, 2), (5, 3, 6, 2, 6, 4), (8, 2, 8, 6, 9, 7))

# Fleiss' kappa of 14 raters, 10 subjects and 5 categories: the worked example of Wikipedia,
# "Fleiss' kappa", kappa 0.210.
VOTES = np.array(
    [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]
)  # fmt: skip


def raters_of(votes):
    return np.array([np.repeat(np.arange(len(row)), row) for row in votes]).T.tolist()


def test_limits_of_agreement_are_those_of_bland_and_altman_1986():
    found = bland_altman(MINI, LARGE)  # theirs is large less mini
    assert found.bias.value == pytest.approx(-2.1, abs=0.05)
    assert found.deviation == pytest.approx(38.8, abs=0.05)
    assert (found.bias.low, found.bias.high) == pytest.approx((-22.0, 17.8), abs=0.1)
    # Theirs are 2 deviations (-79.7 and 75.5), with 3 s^2 / n as their variance.
    assert (found.lower.value, found.upper.value) == pytest.approx((-78.1, 73.9), abs=0.1)
    half = (found.upper.high - found.upper.low) / 2
    assert half == pytest.approx(34.6, abs=0.5)  # 110.1 - 75.5
    assert (found.lower.high - found.lower.low) / 2 == pytest.approx(half)
    assert found.unit == "ml" and len(found.differences) == 17


def test_limits_of_agreement_hold_what_they_promise():
    rng, hits, inside = np.random.default_rng(0), [], []
    for _ in range(600):
        first = rng.uniform(50, 90, 20)
        found = bland_altman(first, first + rng.normal(3, 5, 20))
        hits.append(found.bias.low <= 3 <= found.bias.high)
        true = 3 + stats.norm.ppf(0.975) * 5
        inside.append(found.upper.low <= true <= found.upper.high)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.03)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_interval_of_few_cases_is_that_of_scipy(level):
    """With many, one degree of freedom more or less is not seen."""
    first, second = (10.0, 20.0, 35.0, 41.0), (12.0, 19.0, 39.0, 46.0)
    found = bland_altman(first, second, level=level)
    theirs = stats.ttest_rel(second, first).confidence_interval(level)
    assert (found.bias.low, found.bias.high) == pytest.approx(tuple(theirs))
    wider = np.sqrt(1 + stats.norm.ppf(0.975) ** 2 * 4 / (2 * 3))  # Bland & Altman 1999, 2.1
    half = wider * (theirs.high - theirs.low) / 2
    for limit in (found.lower, found.upper):
        assert (limit.high - limit.value, limit.value - limit.low) == pytest.approx((half, half))


def test_relative_limits_are_per_cent_of_the_mean_also_where_both_are_empty():
    found = bland_altman((0, 10, 30, 40), (0, 20, 30, 40), relative=True)
    assert found.differences == pytest.approx((0, 100 * 10 / 15, 0, 0))
    assert found.unit == "%"


def test_icc_is_that_of_shrout_and_fleiss_with_the_interval_of_mcgraw_and_wong():
    found = icc(JUDGES)
    assert found.icc.value == pytest.approx(0.29, abs=0.005)
    # As R's psych::ICC and irr::icc give for this table.
    assert (found.icc.low, found.icc.high) == pytest.approx((0.019, 0.761), abs=0.002)
    assert (found.cases, found.raters) == (6, 4)


@settings(max_examples=30)
@given(seed=st.integers(0, 999), raters=st.integers(2, 4), cases=st.integers(3, 12))
def test_icc_is_a_share_of_variance_components(seed, raters, cases):
    rng = np.random.default_rng(seed)
    table = (
        rng.gamma(2, 20, (cases, 1)) + rng.normal(0, 3, (cases, raters)) + rng.normal(0, 2, raters)
    )
    table = np.abs(table)
    found = icc(table.T.tolist()).icc
    # A second way: components of variance from sums of squares by regression on both factors.
    y = table.ravel()
    rows, columns = np.repeat(np.eye(cases), raters, 0), np.tile(np.eye(raters), (cases, 1))

    def left(*parts):
        design = np.concatenate([np.ones((len(y), 1)), *parts], axis=1)
        return float(((y - design @ np.linalg.lstsq(design, y)[0]) ** 2).sum())

    mse = left(rows, columns) / ((cases - 1) * (raters - 1))
    msr = (left(columns) - left(rows, columns)) / (cases - 1)
    msc = (left(rows) - left(rows, columns)) / (raters - 1)
    of_cases, of_raters = (msr - mse) / raters, (msc - mse) / cases
    assert found.value == pytest.approx(of_cases / (of_cases + of_raters + mse))
    assert found.low <= found.value <= found.high
    assert icc((table + 7).T.tolist()).icc.value == pytest.approx(found.value)


def test_raters_who_always_agree_have_an_icc_of_one():
    assert icc(((1, 2, 5), (1, 2, 5))).icc.value == 1
    with pytest.raises(BadInput, match="not defined"):
        icc(((2, 2, 2), (2, 2, 2)))


def test_an_icc_that_is_nothing_of_nothing_is_not_defined():
    with pytest.raises(BadInput, match="do not differ between cases"):
        icc(((0.1, 0.1, 0.1), (0.7, 0.7, 0.7)))  # each rater's are equal, the raters differ
    found = icc(((6, 11, 10), (6, 2, 0))).icc  # they contradict each other: 0 degrees of freedom
    assert found.value == pytest.approx(-0.302, abs=0.001)
    assert (found.low, found.high) == (None, None)
    assert found.said(2) == "-0.30"


def test_two_cases_give_a_number_and_no_interval():
    two = cohen_kappa(["a", "b"], ["a", "b"]).kappa
    assert (two.value, two.low, two.high) == (1, None, None)
    assert two.said(2) == "1.00"
    assert cohen_kappa(["a", "b", "b"], ["a", "b", "b"]).kappa.said(2) == "1.00 (1.00 to 1.00)"


def test_cohens_kappa_of_a_published_table():
    # 50 grant proposals: 20 both yes, 5 yes/no, 10 no/yes, 15 both no (Wikipedia, "Cohen's
    # kappa"): observed 0.70, expected 0.50, kappa 0.40.
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = cohen_kappa(first, second)
    assert (found.observed, found.expected) == pytest.approx((0.70, 0.50))
    assert found.kappa.value == pytest.approx(0.40)
    # Fleiss, Cohen & Everitt 1969: standard error about 0.13, so about 0.15 to 0.65.
    assert (found.kappa.low, found.kappa.high) == pytest.approx((0.15, 0.65), abs=0.04)


@settings(max_examples=60)
@given(
    pairs=st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=3, max_size=40),
    weights=st.sampled_from([None, "linear", "quadratic"]),
)
def test_cohens_kappa_is_that_of_scikit_learn(pairs, weights):
    first, second = zip(*pairs, strict=True)
    found = cohen_kappa(first, second, categories=range(4), weights=weights, how=QUICK)
    if first == second and len(set(first)) == 1:
        assert found.kappa is None and found.observed == 1
        return
    theirs = cohen_kappa_score(first, second, labels=list(range(4)), weights=weights)
    assert found.kappa.value == pytest.approx(theirs)
    beyond = (found.observed - found.expected) / (1 - found.expected)
    assert beyond == pytest.approx(theirs), "of a half, both ways are alike"
    assert found.kappa.low <= found.kappa.high <= 1 + 1e-12


def test_fleiss_kappa_of_a_published_table():
    found = fleiss_kappa(raters_of(VOTES))
    assert found.kappa.value == pytest.approx(0.210, abs=0.0005)
    assert (found.observed, found.expected) == pytest.approx((0.378, 0.213), abs=0.0006)
    assert (found.cases, found.raters) == (10, 14)


@settings(max_examples=40)
@given(seed=st.integers(0, 999), raters=st.integers(2, 5), cases=st.integers(2, 20))
def test_fleiss_kappa_counts_pairs_of_raters_who_agree(seed, raters, cases):
    decisions = np.random.default_rng(seed).choice(list("abc"), (raters, cases))
    found = fleiss_kappa(decisions.tolist(), how=QUICK)
    agree = [
        decisions[i, c] == decisions[j, c]
        for c in range(cases) for i in range(raters) for j in range(raters) if i != j
    ]  # fmt: skip
    shares = [np.mean(decisions == each) for each in "abc"]
    chance = sum(share**2 for share in shares)
    if chance == 1:
        assert found.kappa is None
    else:
        assert found.kappa.value == pytest.approx((np.mean(agree) - chance) / (1 - chance))


def test_the_bootstrap_is_that_of_scipy_and_the_same_for_a_seed():
    values = np.random.default_rng(1).gamma(2, 3, 40)
    ours, again, other = (
        over_cases(lambda i: float(values[i].mean()), 40, Resampling(times=4000, seed=seed))
        for seed in (0, 0, 1)
    )
    assert ours == again != other
    theirs = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile")
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.15)


def test_the_bootstrap_draws_as_many_cases_as_there_are_and_all_of_them():
    drawn = []
    over_cases(lambda sample: float(drawn.append(sample) or len(sample)), 7, QUICK)
    assert len(drawn) == 101 and {len(sample) for sample in drawn} == {7}
    assert set(np.concatenate(drawn[1:]).tolist()) == set(range(7))


def test_samples_without_a_value_are_left_out_and_said():
    found = cohen_kappa(["a", "a", "b"], ["a", "a", "b"])
    assert (found.kappa.value, found.kappa.low, found.kappa.high) == (1, 1, 1)
    assert "samples without a value left out" in found.kappa.how


def test_everything_is_json():
    found = [
        bland_altman(MINI, LARGE),
        icc(JUDGES),
        cohen_kappa([1, 2, 1], [1, 2, 2], how=QUICK),
        fleiss_kappa([[1, 1], [1, 1]], how=QUICK),
    ]
    for each in found:
        assert json.loads(json.dumps(asdict(each), allow_nan=False))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: cohen_kappa([1], [1, 2]),
        lambda: cohen_kappa([], []),
        lambda: cohen_kappa([1], [2], categories=[1]),
        lambda: cohen_kappa([1], [2], weights="linear"),
        lambda: fleiss_kappa([[1, 2]]),
        lambda: fleiss_kappa([[1, 2], [1]]),
        lambda: bland_altman([1, 2], [1, 2]),
        lambda: bland_altman([1, 2, 3], [1, 2]),
        lambda: bland_altman([1, 2, -3], [1, 2, 3]),
        lambda: bland_altman([1, 2, 3], [1, 2, float("nan")]),
        lambda: bland_altman([1, 2, 3], [1, 2, 3], level=95),
        lambda: icc([[1, 2, 3]]),
        lambda: Resampling(times=5),
        lambda: Resampling(level=1.0),
    ],
)
def test_bad_input_is_refused_with_a_sentence(wrong):
    with pytest.raises(BadInput) as refusal:
        wrong()
    assert str(refusal.value).endswith(".")


@pytest.mark.filterwarnings("error")
def test_raters_who_contradict_each_other_have_no_interval_and_no_warning():
    found = icc([[1, 2, 3], [3, 2, 1]]).icc
    assert found.value < 0
    assert (found.low, found.high) == (None, None)
