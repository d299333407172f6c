"""What a bundle states of its own quality, however its ``metrics`` look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_acs.inference.needs import needs_of
from napari_acs.inference.subsets import allowed_subsets
from napari_acs.models.stated import Stated, stated_quality, stated_subsets, subset_key
from napari_acs.models.store import DEFAULT_ID, bundled_folder, read_spec

REGIONS = ("WT", "TC", "ET")


def test_the_bundled_model_states_what_every_subset_costs():
    spec = read_spec(bundled_folder() / DEFAULT_ID)
    needs = needs_of(spec)
    assert set(needs.costs) == {subset_key(chosen) for chosen in allowed_subsets(spec.input)}
    assert len(needs.costs) == 15
    assert needs.cost_cases == len(spec.metrics["cases"]) == 5
    whole = stated_quality(spec.metrics)
    assert whole.cases == 5
    full = needs.costs[subset_key(needs.channels)]
    assert {name: round(full[name], 3) for name in REGIONS} == pytest.approx(
        {name: round(whole.dice[name], 3) for name in REGIONS}, abs=0.001
    )


def test_the_card_shows_the_same_table():
    folder = bundled_folder() / DEFAULT_ID
    card = (folder / "card.md").read_text(encoding="utf-8")
    spec = read_spec(folder)
    assert f"`{spec.id}` {spec.version}." in card
    for key, stated in stated_subsets(spec.metrics).items():
        dice = " | ".join(f"{stated.dice[name]:.3f}" for name in REGIONS)
        assert f"| {key.replace('+', ', ')} | 5 | {dice} |" in card, key


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["dice", "n", "WT", "t1", "cases", "mean_cases", "subsets"]), inner
        )
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_a_users_bundle_may_hold_anything_there(value):
    metrics = {"cases": value, "mean_cases": value, "subsets": value}
    for stated in (stated_quality(metrics), *stated_subsets(metrics).values()):
        assert all(0 <= dice <= 1 for dice in stated.dice.values())
        assert isinstance(stated.cases, int)


def test_figures_that_cannot_be_are_not_stated():
    cases = {"a": {}, "b": {}}
    good = {"cases": cases, "mean_cases": {"WT": {"dice": 0.9}, "TC": {"dice": float("nan")}}}
    assert stated_quality(good) == Stated({"WT": 0.9}, 2)
    assert stated_quality({"cases": cases, "mean_cases": {"WT": {"dice": 90}}}) == Stated()
    assert stated_subsets({"subsets": {"t1": {"dice": {"WT": True}}, "t2": 1}}) == {}
