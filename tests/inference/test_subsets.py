"""A model scored on every subset of sequences that it takes."""

from __future__ import annotations

import pytest

from napari_acs.errors import BadInput
from napari_acs.inference import evaluate
from napari_acs.inference.subsets import allowed_subsets, evaluate_subsets
from napari_acs.models.spec import InputSpec

CHANNELS = ("flair", "t1ce", "t2", "t1")


def takes(required=(), minimum=1):
    channels = [{"name": name, "required": name in required} for name in CHANNELS]
    return InputSpec.model_validate(
        {
            "channels": channels,
            "spacing_mm": (1, 1, 1),
            "patch": (8, 8, 8),
            "minimum_sequences": minimum,
        }
    )


def test_the_allowed_subsets_are_those_the_bundle_allows():
    every = allowed_subsets(takes())
    assert len(every) == len(set(every)) == 15
    assert every[0] == CHANNELS
    assert [len(chosen) for chosen in every] == sorted(map(len, every), reverse=True)
    assert all(list(chosen) == sorted(chosen, key=CHANNELS.index) for chosen in every)
    assert set(allowed_subsets(takes(("t2",), 3))) == {
        chosen for chosen in every if "t2" in chosen and len(chosen) >= 3
    }
    assert allowed_subsets(takes(minimum=4)) == (CHANNELS,)


def test_a_subset_scores_as_a_case_that_has_no_more(known_case, known_bundle):
    whole, less = known_case("a"), known_case("b", leave_out=("t1ce",))
    subsets = (CHANNELS, ("flair", "t2", "t1"))
    done = evaluate_subsets(known_bundle, [whole], subsets, "cpu")
    assert done.complete
    full, without = (done.evaluations["+".join(chosen)] for chosen in subsets)
    assert done.fullest is full
    assert full.means()["TC"]["dice"] == 1.0
    (alone,) = evaluate(known_bundle, [less], "cpu").cases
    assert without.cases[0].missing == ("t1ce",)
    assert without.cases[0].regions == alone.regions
    assert without.means()["TC"]["dice"] < 1.0
    assert done.metrics()["flair+t2+t1"] == {
        "n": 1,
        "dice": {name: round(scores.dice, 4) for name, scores in alone.regions.items()},
    }
    with pytest.raises(BadInput, match=r"'b'.*no t1ce"):
        evaluate_subsets(known_bundle, [less], subsets, "cpu")


def test_cancel_between_subsets_is_told(known_case, known_bundle):
    seen = []
    done = evaluate_subsets(
        known_bundle,
        [known_case("c")],
        allowed_subsets(known_bundle.spec.input),
        "cpu",
        cancelled=lambda: len(seen) > 0 and seen[-1] == 1,
        progress=lambda subset, number, message: seen.append(subset),
    )
    assert not done.complete
    assert list(done.evaluations) == ["flair+t1ce+t2+t1", "flair+t1ce+t2"]
    assert done.total == 15
