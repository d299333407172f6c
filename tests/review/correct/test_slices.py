"""Slices, outlines and the way back: interpolated, cut, compared and reverted."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review.correct.masks import SPACING, nested, seeds, spacings
from scipy import ndimage

from napari_acs.review.correct import (
    GLIOMA,
    ONLY_FIRST,
    ONLY_SECOND,
    OTHER_LABEL,
    Canvas,
    between,
    changed,
    compare,
    copy_slice,
    cut,
    erase,
    fill_between,
    paint,
    put,
    revert,
    revert_part,
)
from napari_acs.review.correct.distance import signed_distance

SHAPE = (12, 16, 18)


def disc(shape, spacing, radius, centre=None):
    centre = [n / 2 for n in shape] if centre is None else centre
    offsets = zip(np.ogrid[tuple(slice(0, n) for n in shape)], centre, spacing, strict=True)
    return sum(((o - c) * s) ** 2 for o, c, s in offsets) <= radius**2


def test_between_two_discs_the_radius_runs_straight_and_nested():
    labels, spacing = np.zeros((13, 100, 160), np.uint8), (5.0, 0.8, 0.5)
    plane, sides = labels.shape[1:], spacing[1:]
    for index, whole, core in ((2, 16.0, 6.0), (10, 28.0, 14.0)):
        labels[index][disc(plane, sides, whole)] = 2
        labels[index][disc(plane, sides, core)] = 1
    change = fill_between(Canvas(labels, spacing), 0)
    made = GLIOMA.masks(change.applied(labels))
    for index in range(3, 10):
        part = (index - 2) / 8
        for region, start, end in (("WT", 16.0, 28.0), ("TC", 6.0, 14.0)):
            area = made[region][index].sum() * 0.8 * 0.5
            assert np.sqrt(area / np.pi) == pytest.approx(start + part * (end - start), abs=0.4)
    assert set(change.where(labels.shape)[0].tolist()) == set(range(3, 10))
    assert change.said.startswith("7 slices along axis 0 filled between drawn ones")


@settings(max_examples=30)
@given(seed=seeds, spacing=spacings, axis=st.integers(0, 2), gap=st.integers(2, 5))
def test_interpolation_is_that_of_signed_distances_in_slices_that_were_empty(
    seed, spacing, axis, gap
):
    labels = np.moveaxis(nested(seed, SHAPE, 2.0).copy(), axis, 0)
    drawn = [i for i in range(0, len(labels), gap) if labels[i].any()]
    labels[[i for i in range(len(labels)) if i not in drawn]] = 0
    labels = np.moveaxis(labels, 0, axis)
    if len(drawn) < 2:
        return
    after = fill_between(Canvas(labels, spacing), axis).applied(labels)
    before = {r: np.moveaxis(m, axis, 0) for r, m in GLIOMA.masks(labels).items()}
    after = {r: np.moveaxis(m, axis, 0) for r, m in GLIOMA.masks(after).items()}
    sides = [s for i, s in enumerate(spacing) if i != axis]

    def signed(mask):
        inner, outer = (ndimage.distance_transform_edt(m, sides) for m in (mask, ~mask))
        return inner - outer

    for low, high in pairwise(drawn):
        for index in range(low + 1, high):
            for region, mask in before.items():
                both = mask[low], mask[high]
                if not all(m.any() and not m.all() for m in both):
                    continue  # where a region ends is tested below
                weight = (index - low) / (high - low)
                far = signed(both[0]) * (1 - weight) + signed(both[1]) * weight
                unsure = abs(far) < 1e-3
                assert np.array_equal(after[region][index][~unsure], (far > 0)[~unsure])
    for index in range(len(after["WT"])):
        if index in drawn or not drawn[0] < index < drawn[-1]:
            assert all(np.array_equal(after[r][index], before[r][index]) for r in after)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("region", ["WT", "TC", "ET"])
def test_a_region_is_interpolated_lesion_by_lesion_whatever_is_around_it(region, axis):
    """As if the lesion were alone; another runs through, one is in one slice, oedema is around."""
    plane, level = (60, 70), GLIOMA.level(region)
    alone = np.zeros((12, *plane), np.uint8)  # depths
    for index, y, x in ((3, 30, 30), (8, 34, 27)):
        for depth in range(level, 4):
            alone[index][disc(plane, (1, 1), 14.0 - 3 * depth, (y, x))] = depth
    around = np.zeros_like(alone)
    around[1:11, 5:55, 5:60] = level - 1
    around[:, 10:14, 50:55] = level
    around[5, 50:53, 50:53] = level
    labels = np.moveaxis(GLIOMA.back(np.maximum(alone, around)), 0, axis)
    spacing = tuple(np.roll((3.0, 0.8, 1.1), axis))
    change = fill_between(Canvas(labels, spacing), axis, region)
    by_itself = np.moveaxis(GLIOMA.back(alone), 0, axis)
    by_itself = fill_between(Canvas(by_itself, spacing), axis).applied(by_itself)
    expected = np.maximum(GLIOMA.depth(labels), GLIOMA.depth(by_itself))
    assert np.array_equal(GLIOMA.depth(change.applied(labels)), expected)
    assert set(change.where(labels.shape)[axis].tolist()) == {4, 5, 6, 7}
    assert change.said.startswith(f"4 slices of {region} along axis {axis} filled")


def test_a_region_that_ends_gets_smaller_and_outlines_that_do_not_overlap_are_said():
    labels = np.zeros((6, 60, 60), np.uint8)
    labels[[0, 5]] = 2 * disc((60, 60), (1, 1), 20.0)
    labels[0][disc((60, 60), (1, 1), 12.0)] = 3
    made = fill_between(Canvas(labels, (1, 1, 1)), 0).applied(labels)
    radii = [np.sqrt((each == 3).sum() / np.pi) for each in made]
    assert radii == pytest.approx([12, 9.6, 7.2, 4.8, 2.4, 0], abs=0.7)
    assert all(np.array_equal(each > 0, labels[0] > 0) for each in made)
    apart = np.zeros((4, 60, 60), np.uint8)
    apart[0] = 2 * disc((60, 60), (1, 1), 6.0, (10, 10))
    apart[3] = 2 * disc((60, 60), (1, 1), 6.0, (45, 45))
    for region in (None, "WT"):
        change = fill_between(Canvas(apart, (1, 1, 1)), 0, region)
        assert not len(change) and "2 stay empty: the outlines do not overlap" in change.said


@pytest.mark.parametrize("turned", [False, True])
def test_a_region_of_one_neighbour_alone_ends_at_the_other(turned):
    """In whichever of the two it is: it gets smaller from slice to slice, and never larger."""
    labels = np.zeros((9, 60, 60), np.uint8)
    for index in (1, 7):
        labels[index][disc(labels.shape[1:], (1, 1), 24)] = 2
    labels[7][disc(labels.shape[1:], (1, 1), 15)] = 3
    shown = labels[::-1] if turned else labels
    made = fill_between(Canvas(shown, (3.0, 1.0, 1.0)), 0).applied(shown)
    made = made[::-1] if turned else made
    areas = np.count_nonzero(made == 3, axis=(1, 2))
    assert areas[1] == 0 < areas[2], "as deep as the outline goes"
    assert (np.diff(areas[1:8]) > 0).all()


def test_another_lesion_in_the_same_corner_is_no_drawn_slice():
    """Lesions whose boxes overlap, though they do not: each has slices of its own."""
    labels = np.zeros((9, 40, 40), np.uint8)
    for index in (0, 8):  # an L
        labels[index, 2:38, 2:10] = labels[index, 30:38, 2:38] = 2
    labels[4, 5:20, 20:35] = 2
    change = fill_between(Canvas(labels, (1.0, 1.0, 1.0)), 0, "WT")
    made = change.applied(labels)
    for index in range(1, 8):
        expected = np.where(labels[0] > 0, 2, labels[index])
        np.testing.assert_array_equal(made[index], expected)


def test_a_slice_is_copied_or_added():
    labels = nested(2, SHAPE)
    canvas = Canvas(labels, SPACING)
    made = copy_slice(canvas, 1, 4, 5).applied(labels)
    assert np.array_equal(made[:, 5], labels[:, 4])
    assert np.array_equal(np.delete(made, 5, 1), np.delete(labels, 5, 1))
    added = GLIOMA.masks(copy_slice(canvas, 1, 4, 5, add=True).applied(labels))
    for region, mask in GLIOMA.masks(labels).items():
        assert np.array_equal(added[region][:, 5], mask[:, 4] | mask[:, 5])


def crossings(point, corners):
    """Say by counting edges to the right whether a point is inside (even-odd rule)."""
    inside = False
    for (y0, x0), (y1, x1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if (y0 > point[0]) != (y1 > point[0]):
            inside ^= bool(point[1] < x0 + (point[0] - y0) * (x1 - x0) / (y1 - y0))
    return inside


@settings(max_examples=60)
@given(
    corners=st.lists(st.tuples(*[st.floats(-4, 22)] * 2), min_size=3, max_size=7),
    axis=st.integers(0, 2),
    outside=st.booleans(),
    ends=st.tuples(st.integers(0, 11), st.integers(1, 12)).filter(lambda e: e[0] < e[1]),
    ink=st.sampled_from([erase("WT"), erase("TC"), paint("TC"), put("ED")]),
)
def test_a_cut_goes_through_what_is_under_the_outline(corners, axis, outside, ends, ink):
    labels = nested(11, SHAPE)
    jitter = np.random.default_rng(0).normal(0, 1e-3, (len(corners), 2))
    corners = np.array(corners) + jitter  # so that no edge runs through a voxel's centre
    canvas = Canvas(labels, SPACING)
    made = cut(canvas, axis, corners, ink, depth=ends, outside=outside).applied(labels)
    seen, plane = np.moveaxis(labels, axis, 0), np.delete(SHAPE, axis)
    under = np.array([crossings(p, corners) for p in np.ndindex(*plane)]).reshape(plane)
    touched = np.zeros(seen.shape, bool)
    touched[slice(*ends)] = ~under if outside else under
    touched = np.moveaxis(touched, 0, axis)
    expected = GLIOMA.back(ink.on(GLIOMA.depth(labels), touched, GLIOMA))
    assert np.array_equal(made, expected)


@settings(max_examples=30)
@given(seed=seeds)
def test_reverting_everything_or_every_part_gives_the_prediction(seed):
    prediction, labels = nested(seed), nested(seed + 1)
    canvas = Canvas(labels, SPACING)
    assert np.array_equal(revert(canvas, prediction).applied(labels), prediction)
    differs = changed(labels, prediction)
    assert np.array_equal(differs, labels != prediction)
    parts, count = ndimage.label(differs, np.ones((3, 3, 3)))
    for number in range(1, count + 1):
        at = np.argwhere(parts == number)[0]
        change = revert_part(Canvas(labels, SPACING), prediction, at)
        assert np.array_equal(change.indices, np.flatnonzero(parts == number))
        labels = change.applied(labels)
    assert np.array_equal(labels, prediction)


def test_a_comparison_says_of_every_voxel_who_drew_it():
    a = np.array([[[0, 1, 0, 2, 3, 2]]], np.uint8)
    b = np.array([[[0, 0, 3, 2, 1, 3]]], np.uint8)
    found = compare(a, b)
    assert found.labels.tolist() == [[[0, ONLY_FIRST, ONLY_SECOND, 0, OTHER_LABEL, OTHER_LABEL]]]
    assert found.voxels == {ONLY_FIRST: 1, ONLY_SECOND: 1, OTHER_LABEL: 2}
    back = compare(b, a)
    assert back.voxels == {ONLY_FIRST: 1, ONLY_SECOND: 1, OTHER_LABEL: 2}
    with pytest.raises(ValueError, match="cannot be compared"):
        compare(a, b[:, :, :3])


def test_only_slices_beside_a_gap_are_looked_at(monkeypatch):
    looked_at = []
    monkeypatch.setattr(
        between, "signed_distance", lambda *about: looked_at.append(1) or signed_distance(*about)
    )
    labels = np.zeros((20, 16, 18), np.uint8)
    labels[:, 4:9, 5:12] = 2
    assert not len(fill_between(Canvas(labels, SPACING), 0)) and not looked_at
    labels[[6, 7, 9, 15]] = 0  # slice 8 is beside two gaps
    assert fill_between(Canvas(labels, SPACING), 0).applied(labels)[:, 5, 6].all()
    assert len(looked_at) == 5
