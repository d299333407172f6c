"""Worse is worse in any region: no mean hides it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_acs.training.finetune.verdict import MOST_LOST, decide

REGIONS = ("WT", "TC", "ET")


def _means(*dice):
    return {name: {"dice": d, "hd95_mm": 1.0} for name, d in zip(REGIONS, dice, strict=True)}


@pytest.mark.parametrize(
    ("after", "worse", "said"),
    [
        ((0.90, 0.80, 0.70), False, "stayed"),
        ((0.91, 0.80, 0.70), False, "rose"),
        ((0.90, 0.80, 0.69), True, "mean Dice over the regions fell"),
        ((0.99, 0.80, 0.681), False, "rose"),
        ((0.99, 0.80, 0.679), True, "ET fell from 0.700 to 0.679"),
        ((0.88, 0.83, 0.70), False, "rose"),
    ],
)
def test_the_mean_may_not_fall_and_no_region_by_more_than_two_hundredths(after, worse, said):
    verdict = decide(_means(0.9, 0.8, 0.7), _means(*after), 9)
    assert verdict.worse is worse
    assert said in verdict.why
    assert verdict.caution == ""


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_what_is_not_worse_lost_nothing_that_matters(dice):
    before, after = dice[:3], dice[3:]
    if not decide(_means(*before), _means(*after), 9).worse:
        assert sum(after) >= sum(before) - 1e-3
        assert all(b - a <= MOST_LOST + 1e-4 for b, a in zip(before, after, strict=True))


def test_the_old_cases_count_too_but_for_a_little():
    mine = (_means(0.5, 0.5, 0.5), _means(0.9, 0.9, 0.9))
    forgot = decide(*mine, 9, old_before=_means(0.9, 0.9, 0.9), old_after=_means(0.9, 0.9, 0.8))
    assert forgot.worse
    assert "old model's own cases" in forgot.why
    little = decide(*mine, 9, old_before=_means(0.9, 0.9, 0.9), old_after=_means(0.89, 0.89, 0.89))
    assert not little.worse


def test_few_cases_are_said_to_be_few():
    assert "one held-out case" in decide(_means(0, 0, 0), _means(1, 1, 1), 1).caution
    assert "2 held-out cases" in decide(_means(0, 0, 0), _means(1, 1, 1), 2).caution


def test_an_untrained_parent_is_beaten_by_anything_but_nothing():
    assert not decide(None, _means(0.1, 0, 0), 3).worse
    assert decide(None, _means(0, 0, 0), 3).worse
