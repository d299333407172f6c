"""Choosing thresholds and sizes: what is counted is what is applied, and no fold chooses itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_acs.imaging.metrics import dice
from napari_acs.inference.maps import RegionMaps
from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.training.postprocessing import (
    MINIMUM_ML,
    SMALLEST_PART_ML,
    THRESHOLDS,
    Predicted,
    choose,
    choose_nested,
    dice_table,
    plain,
    predicted_masks,
)

REGIONS = GLIOMA_OUTPUT.regions
NAMES = tuple(region.name for region in REGIONS)


def case(seed: int, fold: str = "1", *, speck: bool = False, empty: bool = False) -> Predicted:
    random = np.random.default_rng(seed)
    values = np.zeros((3, 8, 9, 10), np.float16)
    for place, (p, r) in enumerate(((0.9, 5), (0.8, 4), (0.7, 3))):
        values[place, :r, :r, :r] = p - 0.3 * random.random((r, r, r))
    if speck:  # an ET that is not there: all who have it are better off without
        values[:, 6, 6, 6] = 0.95
        values[2, :3, :3, :3] = 0
    truth = {n: np.zeros((10, 11, 12), bool) for n in NAMES}
    if not empty:
        for name, r in zip(NAMES, (5, 4, 3), strict=True):
            truth[name][1 : 1 + r, 1 : 1 + r, 1 : 1 + r] = not (speck and name == "ET")
    values = np.minimum.accumulate(values, axis=0)
    box = (slice(1, 9), slice(1, 10), slice(1, 11))
    return Predicted(f"case{seed}", fold, RegionMaps(NAMES, values, box, (10, 11, 12), 0.01), truth)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 99),
    speck=st.booleans(),
    empty=st.booleans(),
    at=st.tuples(*[st.integers(0, len(n) - 1) for n in (THRESHOLDS, SMALLEST_PART_ML, MINIMUM_ML)]),
    outer=st.tuples(st.sampled_from(THRESHOLDS), st.sampled_from(SMALLEST_PART_ML)),
)
def test_the_table_holds_the_dice_of_the_mask_that_the_job_would_make(
    seed, speck, empty, at, outer
):
    given_case = case(seed, speck=speck, empty=empty)
    wt, tc, et = REGIONS
    wt = wt.model_copy(update={"threshold": outer[0], "smallest_part_ml": outer[1]})
    update = {
        "threshold": THRESHOLDS[at[0]],
        "smallest_part_ml": SMALLEST_PART_ML[at[1]],
        "minimum_ml": MINIMUM_ML[at[2]],
    }
    tc = tc.model_copy(update=update)
    masks, truth = predicted_masks(given_case, (wt, tc, et))
    table = dice_table(given_case, (wt,), 1, "TC")
    assert table[at] == pytest.approx(dice(masks["TC"], truth["TC"]))


def test_what_helps_is_chosen_and_what_does_not_is_left_plain():
    cases = [case(seed, speck=True) for seed in range(4)]
    assert predicted_masks(cases[0], plain(REGIONS))[0]["ET"].any()
    assert not predicted_masks(cases[0], choose(cases, REGIONS))[0]["ET"].any()
    perfect = [
        Predicted(c.case, c.fold, c.maps, predicted_masks(c, plain(REGIONS))[0]) for c in cases
    ]
    assert choose(perfect, REGIONS) == plain(REGIONS)


def test_no_fold_has_a_say_in_its_own_choice():
    ours = [case(seed, "a") for seed in range(3)]
    theirs = [case(seed, "b", speck=True) for seed in range(3)]
    chosen = choose_nested([*ours, *theirs], REGIONS)
    assert chosen == {"a": choose(theirs, REGIONS), "b": choose(ours, REGIONS)}
    assert chosen["a"] != chosen["b"]
    with pytest.raises(ValueError, match="two folds"):
        choose_nested(ours, REGIONS)
