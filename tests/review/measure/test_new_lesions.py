"""What of a later mask is a new lesion: on analytic balls, on grids that are unlike."""

from __future__ import annotations

import numpy as np
import pytest
from review.measure.shapes import ellipsoid, grid_about
from scipy.spatial.transform import Rotation

from napari_acs.review.measure.change import measure_change
from napari_acs.review.measure.tumour import measure_tumour

CENTRE = np.array([20.0, -10.0, 30.0])
UPRIGHT = grid_about(CENTRE, (1.0, 1.0, 3.0), 36.0, np.eye(3))
OBLIQUE = grid_about(
    CENTRE + 0.3, (0.9, 1.1, 1.3), 38.0, Rotation.from_rotvec((0.3, -0.2, 0.5)).as_matrix()
)
GRIDS = pytest.mark.parametrize(
    ("first", "second"),
    [(UPRIGHT, UPRIGHT), (OBLIQUE, OBLIQUE), (UPRIGHT, OBLIQUE), (OBLIQUE, UPRIGHT)],
    ids=["upright", "oblique", "upright-oblique", "oblique-upright"],
)


def balls(grid, *placed, label=2):
    """Return labels of balls, each (radius, how far from the centre along the patient's y)."""
    labels = np.zeros(grid.shape, np.uint8)
    for radius, y in placed:
        labels[ellipsoid(grid, CENTRE + np.array([0.0, y, 0.0]), (radius,) * 3)] = label
    return labels


def change(first, second, before, after, region="WT"):
    return measure_change(before, first, after, second).regions[region]


@GRIDS
@pytest.mark.parametrize(
    ("before", "after", "expected"), [(30, 10, "PR"), (20, 12, "PR"), (30, 29, "SD")]
)
def test_what_is_left_in_the_middle_of_a_tumour_is_not_new(first, second, before, after, expected):
    found = change(first, second, balls(first, (before, 0)), balls(second, (after, 0)))
    assert found.new_lesions == 0
    assert (found.product_category, found.volume_category) == (expected, expected)


@GRIDS
def test_a_tumour_around_a_small_one_has_grown_and_is_not_new(first, second):
    found = change(first, second, balls(first, (8, 0)), balls(second, (30, 0)))
    assert (found.new_lesions, found.product_category, found.volume_category) == (0, "PD", "PD")


def test_a_speck_between_the_voxels_of_the_lesion_around_it_is_in_it():
    fine = grid_about(CENTRE, (1.0, 1.0, 1.0), 36.0, np.eye(3))
    thick = grid_about(CENTRE, (1.0, 1.0, 6.0), 36.0, np.eye(3))  # planes 3 mm from the centre
    speck = np.zeros(fine.shape, np.uint8)
    speck[tuple(n // 2 for n in fine.shape)] = 2
    assert change(fine, thick, speck, balls(thick, (30, 0))).new_lesions == 0


@GRIDS
def test_the_parts_of_a_lesion_that_splits_are_not_new(first, second):
    parts = balls(second, (5, -11), (5, 11))
    found = change(first, second, balls(first, (28, 0)), parts)
    assert len(measure_tumour(parts, second).regions["WT"].lesions) == 2
    assert (found.new_lesions, found.product_category, found.volume_category) == (0, "PR", "PR")


@GRIDS
def test_a_lesion_is_new_6_mm_away_and_not_4_mm(first, second):
    """The tumour shrinks to a response meanwhile: PD is by the new lesion alone, in both."""
    before = balls(first, (14, -12))
    for gap, new, expected in ((4, 0, "PR"), (6, 1, "PD")):
        after = balls(second, (6, -12), (5, 2 + gap + 5))
        found = change(first, second, before, after)
        assert found.new_lesions == new, gap
        assert (found.product_category, found.volume_category) == (expected, expected)


def test_core_in_what_was_only_oedema_is_new_core():
    after = balls(UPRIGHT, (20, 0))
    after[balls(UPRIGHT, (8, 0)) > 0] = 3
    found = measure_change(balls(UPRIGHT, (20, 0)), UPRIGHT, after, UPRIGHT).regions
    assert [found[name].new_lesions for name in ("WT", "TC", "ET")] == [0, 1, 1]


@pytest.mark.parametrize("axis", range(3))
def test_a_lesion_in_the_next_thick_slice_is_the_one_of_the_slice_before(axis):
    spacing = [0.9, 0.9, 0.9]
    spacing[axis] = 6.5
    grid = grid_about(CENTRE, spacing, 30.0, np.eye(3))

    def disk(level):
        labels = np.zeros(grid.shape, np.uint8)
        where = [slice(n // 2 - 6, n // 2 + 6) for n in grid.shape]
        where[2 - axis] = slice(level, level + 1)
        labels[tuple(where)] = 3
        return labels

    near, far = (change(grid, grid, disk(3), disk(3 + n), "ET") for n in (1, 2))
    assert near.new_lesions == 0  # nothing is between the two slices
    assert near.volume_category == "SD"
    assert far.new_lesions == 1  # 6.5 mm are
