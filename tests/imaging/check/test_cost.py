"""What the check says of missing sequences, in the figures of the model's card."""

from __future__ import annotations

from dataclasses import replace

from imaging.check.sabotage import NEEDS

from napari_acs.imaging.check.cost import NOT_STATED, cost_of, missing_of, said_of_missing

FULL = "t1+t1ce+t2+flair"
COSTS = {FULL: {"WT": 0.89, "ET": 0.55}, "t1ce+t2": {"WT": 0.71, "ET": 0.552, "X": 0.1}}
STATED = replace(NEEDS, costs=COSTS, cost_cases=5)


def test_the_cost_is_what_the_card_states_for_this_subset():
    said = said_of_missing(STATED, {"t2", "t1ce"})
    assert said == (
        "T1 and FLAIR missing: on the model's own 5 validation cases mean Dice was "
        "WT 0.71 instead of 0.89, ET 0.55"
    )
    assert missing_of(STATED, {"t2", "t1ce"}) == ["t1", "flair"]


def test_what_is_not_stated_is_said_to_be_not_stated():
    assert cost_of(STATED, {"t1"}) == NOT_STATED
    assert cost_of(replace(STATED, costs={"t1": {"WT": 0.4}}), {"t1"}) == NOT_STATED
    assert cost_of(NEEDS, {"t1"}) == NOT_STATED
    assert cost_of(STATED, {"flair", "t1", "t1ce", "t2", "adc"}) == ""
    assert said_of_missing(STATED, {"flair", "t1", "t1ce", "t2"}) == ""
