"""Who saw what: members that never saw a case are told from the others, or the case is refused."""

from __future__ import annotations

import pytest
from models.test_bundle import SPEC

from napari_acs.errors import BadInput
from napari_acs.models.cross_validation import flattering, unseen_members
from napari_acs.models.spec import BundleSpec

WEIGHTS = {"sha256": "0" * 64, "size_bytes": 1}


def spec(training, members=3) -> BundleSpec:
    arguments = {"members": [SPEC["architecture"]["arguments"]] * members} if members else {}
    name = "acs-unet-ensemble" if members else "acs-unet"
    architecture = {"name": name, "arguments": arguments}
    fields = {**SPEC, "architecture": architecture, "weights": WEIGHTS, "training": training}
    return BundleSpec.model_validate(fields)


THREE = {"members": [{"held_out": ["a", "b"]}, {"held_out": ["c"]}, {"held_out": ["b"]}]}


def test_the_members_that_never_saw_a_case():
    assert unseen_members(spec(THREE), "a") == (0,)
    assert unseen_members(spec(THREE), "b") == (0, 2)
    assert unseen_members(spec({"held_out": ["x"]}, members=0), "x") == (0,)


def test_a_case_that_all_saw_is_refused_by_name_with_those_that_will_do():
    with pytest.raises(BadInput, match=r"on d under.*every member.*a, b, c"):
        unseen_members(spec(THREE), "d")


def test_another_case_of_the_patient_counts_as_this_one():
    patients = {"patients": {"a": "p", "b": "p", "c": "q", "d": "q"}}
    assert unseen_members(spec(THREE | patients), "a") == (0,)
    assert unseen_members(spec(THREE | patients), "b") == (0,)  # member 2 saw a
    with pytest.raises(BadInput, match="on c under"):
        unseen_members(spec(THREE | patients), "c")


@pytest.mark.parametrize(
    "training",
    [
        {},
        {"members": []},
        {"members": THREE["members"][:2]},
        {"members": [*THREE["members"][:2], {}]},
        {"members": [*THREE["members"][:2], {"held_out": "ab"}]},
        {"members": "abc"},
        {"held_out": ["a"]},
    ],
)
def test_a_bundle_that_does_not_say_is_refused(training):
    with pytest.raises(BadInput, match=r"training\.members, with"):
        unseen_members(spec(training), "a")


def test_a_single_network_that_does_not_say_is_refused():
    with pytest.raises(BadInput, match=r"training\.held_out"):
        unseen_members(spec({}, members=0), "a")


def test_a_tuned_model_never_saw_only_what_its_parent_never_saw_either():
    """A case may be held out of the tuning, and have been learned by the parent."""
    tuned = {"parent": {"id": "old"}, "held_out": ["a", "b"]}
    for members in (0, 3):
        count = max(members, 1)
        said = spec(tuned | {"never_seen": ["b"]}, members)
        assert unseen_members(said, "b") == tuple(range(count))
        for more in ({"never_seen": ["b"]}, {}):
            with pytest.raises(BadInput):
                unseen_members(spec(tuned | more, members), "a")


def test_cases_that_were_trained_on_are_named_as_far_as_the_bundle_says():
    said = flattering(spec(THREE), ["a", "b", "new"])
    assert "trained on a, b, by some of its 3 networks" in said
    assert "--cross-validated" in said
    assert flattering(spec(THREE), ["new"]) == ""
    everywhere = {"members": [{"held_out": ["x"]}] * 3}
    assert flattering(spec(everywhere), ["x"]) == "", "held out of all folds"
    one = spec({"held_out": ["x", "y"]}, members=0)
    assert flattering(one, ["x"]) == ""
    assert "does not call z held out" in flattering(one, ["x", "z"])
    assert flattering(spec({}, members=0), ["x"]) == ""


def test_what_a_bundle_says_it_was_trained_on_flatters_for_sure():
    patients = {"a": "p", "a2": "p"}
    one = spec({"cases": ["a", "b"], "held_out": ["x"], "patients": patients}, members=0)
    assert flattering(one, ["x"]) == ""
    assert flattering(one, ["x", "new"]) == "", "all that it saw is listed"
    assert "was trained on a, b: their figures flatter" in flattering(one, ["a", "b", "x", "new"])
    assert "was trained on a2:" in flattering(one, ["a2"]), "another exam of the patient"
    best = spec({"cases": ["a"]}, members=0)  # its validation cases chose its weights
    assert "was trained on a:" in flattering(best, ["a", "x"])
    assert flattering(best, ["x"]) == ""
    assert flattering(spec({"cases": "ab"}, members=0), ["a"]) == ""

    tuned = {"parent": {"id": "old"}, "cases": ["a"], "rehearsed": ["r"], "never_seen": ["x"]}
    said = flattering(spec(tuned, members=0), ["a", "r", "x", "y"])
    assert "was trained on a, r: their figures flatter" in said
    assert "does not call y held out" in said, "the parent may have seen it"
    assert flattering(spec(tuned, members=3), ["x"]) == ""
