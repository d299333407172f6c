"""Which sequences there are, what the model needs, and what they look like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from imaging.check.sabotage import NEEDS, check, not_green, sound, with_skull

from napari_acs.imaging.check import Needs
from napari_acs.imaging.identify import SequenceGuess


def test_what_a_model_needs():
    s = sound()
    two = {"t1": s["t1"], "flair": s["flair"]}
    assert not_green(check(two, None)) == {}
    assert not_green(check(two, NEEDS)) == {"sequences": "amber"}
    assert not_green(check(two, replace(NEEDS, required=("t2",)))) == {"sequences": "red"}
    assert not_green(check(two, replace(NEEDS, minimum=3))) == {"sequences": "red"}
    assert not_green(check(two, Needs(("t1", "flair")))) == {}
    heads = {key: with_skull(v) for key, v in s.items()}
    assert not_green(check(heads, replace(NEEDS, skull_stripped=False))) == {"grids": "amber"}


def test_a_missing_sequence_costs_what_the_models_card_says():
    s = sound()
    two = {"t1": s["t1"], "flair": s["flair"]}
    full = "+".join(NEEDS.channels)
    stated = replace(NEEDS, costs={full: {"WT": 0.89}, "t1+flair": {"WT": 0.71}}, cost_cases=5)
    line = check(two, stated)["sequences"]
    assert line.status == "amber"
    assert "T1ce and T2 missing" in line.found
    assert "5 validation cases mean Dice was WT 0.71 instead of 0.89" in line.found
    assert "does not say what that costs" in check(two, NEEDS)["sequences"].found
    refused = check(two, replace(stated, required=("t2",)))["sequences"]
    assert refused.status == "red"
    assert "T2 missing, without which the model cannot work" in refused.found
    assert "Dice" not in refused.found


@pytest.mark.parametrize(
    ("guess", "status"),
    [
        (SequenceGuess("t1", 0.9, "", "name"), "green"),
        (SequenceGuess("t1", 0.4, "named T1, but the image looks like FLAIR", "name"), "amber"),
        (SequenceGuess("flair", 0.9, "the name says FLAIR", "name"), "amber"),
        (SequenceGuess("flair", 0.5, "the name says FLAIR, but ...", "tags"), "green"),
        (SequenceGuess(None, 0.9, "the series description says diffusion", "tags"), "amber"),
        (SequenceGuess("flair", 0.95, "the image looks like FLAIR", "statistics"), "amber"),
        (SequenceGuess("flair", 0.8, "the image looks like FLAIR", "statistics"), "green"),
        (SequenceGuess(None, 0.0, "nothing says which", "name"), "green"),
    ],
)
def test_what_identify_said_is_believed(guess, status):
    assert check(sound(), guesses={"t1": guess})["sequences"].status == status
