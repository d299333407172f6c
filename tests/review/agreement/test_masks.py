"""Overlap of readings and consensus masks, held to the metrics and to SimpleITK's STAPLE."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from review.correct.masks import SPACING, nested, seeds
from scipy.ndimage import gaussian_filter

from napari_acs.errors import BadInput
from napari_acs.review.agreement import (
    Overlap,
    Reading,
    Resampling,
    majority,
    overlaps,
    staple,
    summarise,
)
from napari_acs.review.correct import GLIOMA

SHAPE = (14, 20, 22)


def readings_of(seed, raters):
    """Draw masks of one tumour by raters who see its outline a little differently."""
    rng = np.random.default_rng(seed)
    at = np.indices(SHAPE).astype(float) - np.reshape([6.5, 9.3, 10.8], (3, 1, 1, 1))
    far = np.sqrt((at**2 * np.reshape([2.0, 1.0, 0.8], (3, 1, 1, 1))).sum(0))
    made = []
    for _ in range(raters):
        seen = far + 3 * gaussian_filter(rng.normal(size=SHAPE), 1.5) * 3
        made.append(GLIOMA.back(3 - np.digitize(seen, (2.5, 5.0, 7.5)).astype(np.uint8)))
    return made


def is_nested(labels):
    masks = GLIOMA.masks(labels)
    return not (masks["ET"] & ~masks["TC"]).any() and not (masks["TC"] & ~masks["WT"]).any()


@settings(max_examples=40)
@given(seed=seeds, raters=st.integers(2, 6))
def test_the_majority_is_counted_region_by_region(seed, raters):
    masks = [nested(seed + i, SHAPE) for i in range(raters)]
    found = majority(masks)
    after = GLIOMA.masks(found.labels)
    for region in GLIOMA.regions:
        votes = sum(GLIOMA.masks(mask)[region].astype(int) for mask in masks)
        assert np.array_equal(after[region], votes > raters / 2)


@settings(max_examples=15)
@given(seed=seeds, raters=st.integers(2, 5))
def test_staple_is_that_of_simpleitk_in_the_box_of_each_region(seed, raters):
    masks = readings_of(seed, raters)
    found = staple(masks)
    within = np.ones(SHAPE, bool)
    for region in GLIOMA.regions:
        theirs = [GLIOMA.masks(mask)[region] for mask in masks]
        at = np.argwhere(np.any(theirs, axis=0))
        box = tuple(
            slice(max(0, a - 1), min(n, b + 2))
            for a, b, n in zip(at.min(0), at.max(0), SHAPE, strict=True)
        )
        probability = np.zeros(SHAPE)
        images = [sitk.GetImageFromArray(mask[box].astype(np.uint8)) for mask in theirs]
        probability[box] = sitk.GetArrayFromImage(sitk.STAPLE(images, 1.0))
        within &= probability > 0.5
        assert np.array_equal(GLIOMA.masks(found.labels)[region], within)
    assert len(found.reliability) == raters * 3
    assert all(
        0 <= each.sensitivity <= 1 and 0 <= each.specificity <= 1 for each in found.reliability
    )
    assert json.loads(json.dumps(found.record(), allow_nan=False))["raters"] == raters


def test_staple_trusts_the_raters_who_agree_and_says_so():
    masks = readings_of(5, 4)
    masks[3] = np.zeros(SHAPE, np.uint8)
    masks[3][6, 9, 10] = 3  # a rater who sees next to nothing
    found = staple(masks)
    rates = {each.rater: each.sensitivity for each in found.reliability if each.region == "WT"}
    assert rates[3] < 0.05 and min(rates[i] for i in range(3)) > 0.7
    assert is_nested(found.labels)


@pytest.mark.parametrize("join", [majority, staple])
@pytest.mark.parametrize("drew, without", [(1, 1), (2, 2), (2, 3), (1, 4)])
def test_a_region_that_no_more_than_half_drew_is_in_no_consensus(join, drew, without):
    mask = nested(4, SHAPE)
    assert {1, 2, 3} <= set(np.unique(mask))
    nothing = join([mask] * drew + [np.zeros_like(mask)] * without)
    assert not nothing.labels.any()
    assert not nothing.reliability
    plain = np.where(mask > 0, 2, 0).astype(np.uint8)  # the others saw no core in it
    found = join([mask] * drew + [plain] * without)
    assert np.array_equal(found.labels, plain)
    assert {each.region for each in found.reliability} <= {"WT"}


def test_a_reader_who_drew_nothing_does_not_outvote_two():
    mask = nested(4, SHAPE)
    found = staple([mask, mask, np.zeros_like(mask)])
    assert np.array_equal(found.labels, mask)
    assert {each.rater: each.sensitivity for each in found.reliability}[2] == 0


@pytest.mark.parametrize("join", [majority, staple])
def test_raters_who_agree_get_their_mask_back(join):
    mask = nested(4, SHAPE)
    assert np.array_equal(join([mask, mask.copy(), mask]).labels, mask)
    empty = np.zeros(SHAPE, np.uint8)
    assert not join([empty, empty]).labels.any()
    with pytest.raises(BadInput, match="several masks of one study"):
        join([mask])
    with pytest.raises(BadInput, match="several masks of one study"):
        join([mask, mask[1:]])


def test_pairs_of_readings_are_told_apart_and_scored_by_region():
    a, b, c, machine = readings_of(1, 4)
    readings = (
        Reading("model", machine, is_ai=True), Reading("anna", a), Reading("anna", b, 2),
        Reading("bert", c),
    )  # fmt: skip
    found = overlaps("case 1", readings, SPACING)
    assert len(found) == 6 * 3
    relations = {(each.first, each.second): each.relation for each in found}
    assert relations == {
        ("anna #1", "anna #2"): "within a rater",
        ("anna #1", "bert #1"): "between raters",
        ("anna #2", "bert #1"): "between raters",
        ("anna #1", "model #1"): "rater and AI",
        ("anna #2", "model #1"): "rater and AI",
        ("bert #1", "model #1"): "rater and AI",
    }
    one = next(e for e in found if (e.second, e.region) == ("anna #2", "TC"))
    first, second = np.isin(a, (1, 3)), np.isin(b, (1, 3))
    assert one.dice == pytest.approx(2 * (first & second).sum() / (first.sum() + second.sum()))
    assert one.first_ml == pytest.approx(first.sum() * np.prod(SPACING) / 1000)
    assert one.second_ml == pytest.approx(second.sum() * np.prod(SPACING) / 1000)
    distance = sitk.HausdorffDistanceImageFilter()
    images = [sitk.GetImageFromArray(m.astype(np.uint8)) for m in (first, second)]
    for each in images:
        each.SetSpacing(SPACING[::-1])
    distance.Execute(*images)
    assert 0 < one.hd95_mm <= distance.GetHausdorffDistance() + 1e-6
    with pytest.raises(BadInput, match="two called anna #1"):
        overlaps("case 1", (Reading("anna", a), Reading("anna", b)), SPACING)
    with pytest.raises(BadInput, match="cannot be compared"):
        overlaps("case 1", (Reading("anna", a), Reading("bert", b[1:])), SPACING)


def test_a_case_counts_once_however_many_pairs_it_has():
    found = []
    for case in range(6):
        raters = 2 + 2 * (case == 0)
        readings = [Reading(f"r{i}", m) for i, m in enumerate(readings_of(case, raters))]
        found += overlaps(f"case {case}", readings, SPACING)
    summaries = summarise(found, Resampling(times=300))
    assert [(s.region, s.cases, s.pairs) for s in summaries] == [
        (region, 6, 6 + 5) for region in GLIOMA.regions
    ]
    whole = [
        np.mean([e.dice for e in found if e.case == f"case {c}" and e.region == "WT"])
        for c in range(6)
    ]
    assert summaries[0].dice.value == pytest.approx(np.mean(whole))
    assert summaries[0].dice.low <= summaries[0].dice.value <= summaries[0].dice.high
    assert min(whole) <= summaries[0].dice.low and summaries[0].dice.high <= max(whole)
    assert json.loads(json.dumps([asdict(s) for s in summaries], allow_nan=False))


def test_a_summary_has_the_mean_dice_and_the_median_hd95():
    """One case whose mask is missing, at 373 mm, is not to hide what the others are like."""
    found = [
        Overlap(f"case {n}", "WT", "a #1", "b #1", "between raters", dice, hd95, 1.0, 1.0)
        for n, (dice, hd95) in enumerate([(0.9, 1.0), (0.9, 2.0), (0.0, 373.1)])
    ]
    (summary,) = summarise(found)
    assert summary.dice.value == pytest.approx(0.6)
    assert summary.hd95_mm.value == 2.0


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_what_lies_outside_the_region_around_it_is_of_no_region(seed):
    """Raters are weighed anew for each region, so an inner one may reach out of the outer one."""
    rng = np.random.default_rng(seed)
    masks = [
        (rng.integers(0, 4, (3, 4, 4)) * (rng.random((3, 4, 4)) < rng.random())).astype(np.uint8)
        for _ in range(3)
    ]
    probable = [
        sitk.GetArrayFromImage(
            sitk.STAPLE([sitk.GetImageFromArray(np.isin(m, v).astype(np.uint8)) for m in masks], 1)
        )
        > 0.5
        for v in ((1, 2, 3), (1, 3))
    ]
    assert (probable[1] & ~probable[0]).any()
    found = GLIOMA.masks(staple(masks).labels)
    assert np.array_equal(found["WT"], probable[0])
    assert np.array_equal(found["TC"], probable[0] & probable[1])
