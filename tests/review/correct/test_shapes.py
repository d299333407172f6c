"""Holes, parts, growing and smoothing: held to scipy, SimpleITK and to shapes that are known."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from review.correct.masks import SPACING, image, nested, seeds, shapes, spacings
from scipy import ndimage

from napari_acs.review.correct import (
    GLIOMA,
    Canvas,
    fill_holes,
    find_islands,
    grow,
    keep_largest,
    remove_islands,
    shrink,
    smooth,
)

REGIONS = ("WT", "TC", "ET")
region_names = st.sampled_from(REGIONS)


def masks_after(change, labels):
    return GLIOMA.masks(change.applied(labels))


def ball(shape, spacing, radius, centre):
    offsets = zip(np.ogrid[tuple(slice(0, n) for n in shape)], centre, spacing, strict=True)
    return sum(((o - c) * s) ** 2 for o, c, s in offsets) <= radius**2


@settings(max_examples=60)
@given(seed=seeds, shape=shapes, regions=st.sets(region_names, min_size=1))
def test_holes_are_those_of_scipy_region_by_region(seed, shape, regions):
    labels = nested(seed, shape, 0.8)
    change = fill_holes(Canvas(labels, SPACING), sorted(regions))
    after, expected = masks_after(change, labels), GLIOMA.masks(labels)
    for place, region in enumerate(REGIONS):  # what is filled is also in the regions outside
        if region in regions:
            expected[region] = ndimage.binary_fill_holes(expected[region])
            for outer in REGIONS[:place]:
                expected[outer] = expected[outer] | expected[region]
    assert all(np.array_equal(after[region], expected[region]) for region in REGIONS)
    again = change.applied(labels)
    assert not len(fill_holes(Canvas(again, SPACING), sorted(regions)))


@settings(max_examples=40)
@given(seed=seeds, shape=shapes, axis=st.integers(0, 2))
def test_holes_in_slices_are_those_of_scipy_in_each(seed, shape, axis):
    labels = nested(seed, shape, 0.8)
    after = masks_after(fill_holes(Canvas(labels, SPACING), ("WT",), axis=axis), labels)
    slices = np.moveaxis(labels > 0, axis, 0)
    filled = np.stack([ndimage.binary_fill_holes(each) for each in slices])
    assert np.array_equal(np.moveaxis(after["WT"], axis, 0), filled)


def test_necrosis_in_a_ring_of_et_stays_unless_et_is_asked_for():
    labels = np.zeros((9, 9, 9), np.uint8)
    labels[2:7, 2:7, 2:7] = 3
    labels[4, 4, 4] = 1
    labels[5, 5, 5] = 0
    canvas = Canvas(labels, (1, 1, 1))
    filled = fill_holes(canvas).applied(labels)
    assert (filled[4, 4, 4], filled[5, 5, 5]) == (1, 1)  # a hole in TC becomes core
    assert (fill_holes(canvas, ("ET",)).applied(labels)[2:7, 2:7, 2:7] == 3).all()


def their_parts(mask):
    """Return the parts of a mask as SimpleITK finds them, across corners: (voxels, centroid)."""
    binary = sitk.GetImageFromArray(mask.astype(np.uint8))
    found = sitk.LabelShapeStatisticsImageFilter()
    found.Execute(sitk.ConnectedComponent(binary, True))
    return [(found.GetNumberOfPixels(n), found.GetCentroid(n)[::-1]) for n in found.GetLabels()]


@settings(max_examples=40)
@given(seed=seeds, shape=shapes, spacing=spacings, region=region_names)
def test_islands_are_those_of_simpleitk(seed, shape, spacing, region):
    labels = nested(seed, shape, 0.7)
    canvas = Canvas(labels, spacing)
    mask = GLIOMA.masks(labels)[region]
    theirs = sorted(their_parts(mask), key=lambda part: (-part[0], part[1]))
    ours = find_islands(canvas, region)
    assert [island.voxels for island in ours] == [voxels for voxels, _ in theirs]
    assert [island.voxels for island in ours] == sorted((i.voxels for i in ours), reverse=True)
    by_place = sorted(island.centroid for island in ours)
    assert np.allclose(by_place, sorted(place for _, place in theirs))
    for island in ours:
        assert island.ml == pytest.approx(island.voxels * np.prod(spacing) / 1000)
        assert mask[island.box].sum() >= island.voxels


@settings(max_examples=40)
@given(seed=seeds, region=region_names, voxels=st.integers(1, 60))
def test_what_the_preview_lists_is_what_is_removed(seed, region, voxels):
    labels = nested(seed, roughness=0.7)
    canvas = Canvas(labels, SPACING)
    limit = voxels * canvas.voxel_ml
    change = remove_islands(canvas, region, limit)
    listed = find_islands(canvas, region, under_ml=limit)
    before, after = GLIOMA.masks(labels), masks_after(change, labels)
    assert sum(island.voxels for island in listed) == (before[region] & ~after[region]).sum()
    assert all(island.voxels < voxels for island in listed)
    assert all(part >= voxels for part, _ in their_parts(after[region]))
    for outer in REGIONS[: REGIONS.index(region)]:
        assert np.array_equal(before[outer], after[outer])
    assert not len(remove_islands(Canvas(change.applied(labels), SPACING), region, limit))


@settings(max_examples=30)
@given(seed=seeds, region=region_names)
def test_the_largest_part_stays_and_only_that(seed, region):
    labels = nested(seed, roughness=0.7)
    change = keep_largest(Canvas(labels, SPACING), region)
    sizes = [voxels for voxels, _ in their_parts(GLIOMA.masks(labels)[region])]
    left = [voxels for voxels, _ in their_parts(masks_after(change, labels)[region])]
    assert left == [size for size in sizes if size == max(sizes)]
    assert not len(keep_largest(Canvas(change.applied(labels), SPACING), region))


@settings(max_examples=50)
@given(seed=seeds, shape=shapes, spacing=spacings, region=region_names, mm=st.floats(0.4, 8))
def test_growing_and_shrinking_are_distances_in_mm(seed, shape, spacing, region, mm):
    labels = nested(seed, shape)
    canvas, before = Canvas(labels, spacing), GLIOMA.masks(labels)
    mask = before[region]
    inner = REGIONS[REGIONS.index(region) + 1 :]
    outer = REGIONS[: REGIONS.index(region)]
    if mask.any():
        near = ndimage.distance_transform_edt(~mask, spacing)
        after = masks_after(grow(canvas, region, mm), labels)
        unsure = abs(near - mm) < 1e-3
        assert np.array_equal(after[region][~unsure], (near <= mm)[~unsure])
        assert all(np.array_equal(after[each], before[each]) for each in inner)
        assert all(np.array_equal(after[o], before[o] | after[region]) for o in outer)
    if not mask.all():
        deep = ndimage.distance_transform_edt(mask, spacing)
        after = masks_after(shrink(canvas, region, mm), labels)
        unsure = abs(deep - mm) < 1e-3
        assert np.array_equal(after[region][~unsure], (deep > mm)[~unsure])
        assert all(np.array_equal(after[each], before[each] & after[region]) for each in inner)
        assert all(np.array_equal(after[each], before[each]) for each in outer)


def test_growing_stays_in_the_brain_and_in_the_outer_region():
    labels = nested(8)
    canvas, before = Canvas(labels, SPACING), GLIOMA.masks(labels)
    brain = image(8, labels.shape) > -30
    free = masks_after(grow(canvas, "TC", 4.0), labels)["TC"]
    within = masks_after(grow(canvas, "TC", 4.0, brain=brain), labels)["TC"]
    assert np.array_equal(within, before["TC"] | free & brain)
    held = masks_after(grow(canvas, "TC", 4.0, within_outer=True), labels)
    assert np.array_equal(held["TC"], before["TC"] | free & before["WT"])
    assert np.array_equal(held["WT"], before["WT"])


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 0.8, 0.6)])
def test_a_ball_grows_and_shrinks_to_the_ball_it_should_be(spacing):
    shape = tuple(int(90 / side) for side in spacing)
    centre = [n / 2 for n in shape]
    labels = 2 * ball(shape, spacing, 24.0, centre).astype(np.uint8)
    canvas = Canvas(labels, spacing)
    for change, radius in ((grow(canvas, "WT", 9.0), 33.0), (shrink(canvas, "WT", 9.0), 15.0)):
        ml = (change.applied(labels) > 0).sum() * canvas.voxel_ml
        # Centres of voxels stand for their surfaces: off by a part of a voxel's radius.
        equivalent = (3 * ml * 1000 / (4 * np.pi)) ** (1 / 3)
        assert equivalent == pytest.approx(radius, abs=0.35 * np.cbrt(np.prod(spacing)))


@settings(max_examples=12)
@given(seed=seeds, spacing=spacings, mm=st.floats(0.6, 4))
def test_the_median_is_that_of_scipy_in_a_ball(seed, spacing, mm):
    labels = nested(seed)
    around = [int(mm / side) for side in spacing]
    axes = np.ogrid[tuple(slice(-n, n + 1) for n in around)]
    away = np.sqrt(sum((a * s) ** 2 for a, s in zip(axes, spacing, strict=True)))
    assume(np.abs(away - mm).min() > 1e-6)  # whether a voxel on the rim counts is rounding
    foot = away <= mm
    after = masks_after(smooth(Canvas(labels, spacing), mm, method="median"), labels)
    for region, mask in GLIOMA.masks(labels).items():
        theirs = ndimage.median_filter(mask.astype(np.uint8), footprint=foot, mode="nearest")
        assert np.array_equal(after[region], theirs > 0)


def blurred_distance(mask, spacing, mm):
    """Return what is above 0 inside after smoothing, by scipy and on the whole array."""
    inner, outer = (ndimage.distance_transform_edt(m, spacing) for m in (mask, ~mask))
    limit = 3 * mm + max(spacing)
    far = np.clip(inner - outer, -limit, limit)
    return ndimage.gaussian_filter(far, [mm / s for s in spacing], mode="nearest", truncate=3)


@settings(max_examples=25)
@given(seed=seeds, spacing=spacings, mm=st.floats(0.4, 2))
def test_gaussian_smoothing_is_that_of_signed_distances(seed, spacing, mm):
    labels = nested(seed)
    after = masks_after(smooth(Canvas(labels, spacing), mm), labels)
    within = np.ones(labels.shape, bool)
    for region, mask in GLIOMA.masks(labels).items():
        smoothed = blurred_distance(mask, spacing, mm)
        unsure = abs(smoothed) < 1e-3
        expected = (smoothed > 0) & within
        assert np.array_equal(after[region][~unsure], expected[~unsure])
        within = after[region]


@settings(max_examples=15)
@given(seed=seeds, gap=st.floats(1.5, 4), mm=st.floats(4, 6))
def test_parts_that_feel_each_other_are_smoothed_together(seed, gap, mm):
    """Two rough blocks, so many standard deviations apart, which are many voxels."""
    spacing = (1.2, 0.9, 0.7)
    apart = round(gap * mm / spacing[2])
    mask = np.zeros((48, 74, 100 + apart), bool)
    mask[17:31, 22:52, 28:50] = mask[17:31, 22:52, 50 + apart : 72 + apart] = True
    mask &= ndimage.gaussian_filter(np.random.default_rng(seed).random(mask.shape), 1) > 0.4
    smoothed = blurred_distance(mask, spacing, mm)
    labels = 2 * mask.astype(np.uint8)
    after = smooth(Canvas(labels, spacing), mm).applied(labels)
    unsure = abs(smoothed) < 1e-3
    assert np.array_equal(after[~unsure] > 0, smoothed[~unsure] > 0)


def test_smoothing_keeps_a_plane_takes_a_spike_and_rounds_a_ball_by_its_curvature():
    shape, spacing = (20, 60, 60), (3.0, 1.0, 1.0)
    labels = np.zeros(shape, np.uint8)
    labels[:, :30] = 2
    assert not len(smooth(Canvas(labels, spacing), 2.0))
    spiked = labels.copy()
    spiked[10, 30:36, 30] = 2
    assert np.array_equal(smooth(Canvas(spiked, spacing), 2.0).applied(spiked), labels)
    round_ = 2 * ball((60, 60, 60), (1, 1, 1), 20.0, (30, 30, 30)).astype(np.uint8)
    after = smooth(Canvas(round_, (1, 1, 1)), 2.0).applied(round_) > 0
    # Smoothing |r| of a sphere by a Gaussian moves its zero by sigma^2 / r (heat equation).
    assert (3 * after.sum() / (4 * np.pi)) ** (1 / 3) == pytest.approx(20 - 4 / 20, abs=0.1)


@settings(max_examples=20)
@given(seed=seeds, method=st.sampled_from(["gaussian", "median"]))
def test_smoothing_one_region_leaves_those_around_it(seed, method):
    labels = nested(seed)
    before = GLIOMA.masks(labels)
    after = masks_after(smooth(Canvas(labels, SPACING), 1.5, ("TC",), method=method), labels)
    assert np.array_equal(after["WT"], before["WT"])
    assert np.array_equal(after["ET"], before["ET"] & after["TC"])


def test_of_equally_large_parts_all_stay():
    labels = np.zeros((6, 12, 12), np.uint8)
    labels[1:3, 1:3, 1:3] = labels[1:3, 1:3, 8:10] = 2
    labels[4, 8, 8] = 2
    kept = keep_largest(Canvas(labels, SPACING), "WT").applied(labels)
    assert np.count_nonzero(kept) == 16 and kept[4, 8, 8] == 0
