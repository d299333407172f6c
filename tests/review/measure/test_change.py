"""Two dates: RANO's thresholds, rigid moves that change nothing, lesions that are new."""

from __future__ import annotations

import json

import numpy as np
import pytest
from imaging.moved import rigid
from review.measure.shapes import ellipsoid, grid_about
from scipy.spatial.transform import Rotation

from napari_acs.errors import BadInput
from napari_acs.review.measure.change import PRODUCT, VOLUME, categorise, measure_change, move_grid

CENTRE = np.array([20.0, -10.0, 30.0])
GRID = grid_about(CENTRE, (1.0, 1.0, 1.5), 30.0, np.eye(3))


def ball(radius, centre=CENTRE, grid=GRID):
    return 3 * ellipsoid(grid, np.asarray(centre), (radius,) * 3).astype(np.uint8)


@pytest.mark.parametrize(
    ("before", "after", "thresholds", "expected"),
    [
        (400, 200, PRODUCT, "PR"),
        (400, 201, PRODUCT, "SD"),
        (400, 499, PRODUCT, "SD"),
        (400, 500, PRODUCT, "PD"),
        (10, 3.5, VOLUME, "PR"),
        (10, 3.6, VOLUME, "SD"),
        (10, 13.9, VOLUME, "SD"),
        (10, 14, VOLUME, "PD"),
        (0, 1, VOLUME, "PD"),
        (0, 0, VOLUME, "none"),
    ],
)
def test_thresholds_are_those_of_rano(before, after, thresholds, expected):
    assert categorise(before, after, thresholds, gone=False, new=False) == expected
    assert categorise(before, after, thresholds, gone=False, new=True) == "PD"


def test_all_gone_is_a_complete_response_and_all_new_progression():
    nothing = np.zeros_like(ball(1))
    gone = measure_change(ball(9), GRID, nothing, GRID).regions["ET"]
    assert (gone.volume_category, gone.product_category) == ("CR", "CR")
    assert gone.volume_change_percent == -100
    fresh = measure_change(nothing, GRID, ball(9), GRID).regions["ET"]
    assert (fresh.volume_category, fresh.product_category) == ("PD", "PD")
    assert (fresh.volume_change_percent, fresh.new_lesions) == (None, 1)
    none = measure_change(nothing, GRID, nothing, GRID).regions["ET"]
    assert (none.volume_category, none.product_category) == ("none", "none")


def test_a_ball_that_grows_is_categorised_by_square_and_by_cube():
    change = measure_change(ball(8), GRID, ball(9.5), GRID)
    et = change.regions["ET"]  # the product grows by 41 %, the volume by 67 %
    assert et.product_change_percent == pytest.approx(100 * ((9.5 / 8) ** 2 - 1), abs=8)
    assert et.volume_change_percent == pytest.approx(100 * ((9.5 / 8) ** 3 - 1), abs=8)
    assert (et.product_category, et.volume_category, et.new_lesions) == ("PD", "PD", 0)
    record = change.to_dict()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert "not a diagnosis" in record["statement"]


def test_small_lesions_are_not_measurable():
    change = measure_change(ball(3.5), GRID, ball(4), GRID).regions["ET"]
    assert change.product_category == "not measurable"
    assert change.volume_category == "PD"


@pytest.mark.parametrize(("first", "second", "expected"), [(3.5, 9, "PD"), (9, 3.5, "PR")])
def test_one_measurable_date_is_enough(first, second, expected):
    """What grew into a measurable lesion is progression, and what shrank below it a response."""
    change = measure_change(ball(first), GRID, ball(second), GRID)
    et = change.regions["ET"]
    measurable = [each.regions["ET"].measurable_lesions for each in (change.before, change.after)]
    assert sorted(measurable) == [0, 1]
    assert et.product_category == expected


def test_a_second_lesion_is_new_and_a_satellite_nearby_is_not():
    first = ball(8)
    far = np.maximum(first, ball(4, CENTRE + np.array([0, 20, 0])))
    assert measure_change(first, GRID, far, GRID).regions["ET"].new_lesions == 1
    assert measure_change(first, GRID, far, GRID).regions["ET"].product_category == "PD"
    near = np.maximum(first, ball(4, CENTRE + np.array([0, 15, 0])))
    found = measure_change(first, GRID, near, GRID)
    assert len(found.after.regions["ET"].lesions) == 2
    assert found.regions["ET"].new_lesions == 0


def test_the_same_tumour_in_a_head_that_lies_otherwise_has_not_changed():
    """The later scan: another grid, the head turned and shifted; the tumour is asymmetric."""
    axes = Rotation.from_rotvec((0.2, 0.1, 0.8)).as_matrix()
    radii = (14.0, 8.0, 6.0)
    before = 3 * ellipsoid(GRID, CENTRE, radii, axes).astype(np.uint8)
    matrix = rigid(CENTRE, (30.0, -12.0, 8.0), (25.0, -5.0, 12.0))
    turn = matrix[:3, :3]
    centre = turn @ CENTRE + matrix[:3, 3]
    later = grid_about(centre + 0.4, (0.9, 1.0, 1.1), 30.0, np.eye(3))
    after = 3 * ellipsoid(later, centre, radii, turn @ axes).astype(np.uint8)
    change = measure_change(before, GRID, after, later, matrix)
    a, b = (each.regions["ET"] for each in (change.before, change.after))
    assert b.volume_ml == pytest.approx(a.volume_ml, rel=0.03)
    np.testing.assert_allclose(a.centroid_lps_mm, b.centroid_lps_mm, atol=0.3)
    # In the planes of the earlier study, as near as the later one's own planes allow.
    assert change.regions["ET"].new_lesions == 0
    assert change.regions["ET"].volume_category == "SD"
    without = measure_change(before, GRID, after, later)
    assert without.regions["ET"].new_lesions == 1


def test_moving_a_grid_takes_its_points_back_and_refuses_what_is_not_rigid():
    matrix = rigid(CENTRE, (3.0, 4.0, 5.0), (10.0, 20.0, 30.0))
    moved = move_grid(GRID, matrix)
    there = GRID.corners()
    back = moved.corners() @ matrix[:3, :3].T + matrix[:3, 3]
    np.testing.assert_allclose(back, there, atol=1e-9)
    for wrong in (np.diag([1.1, 1, 1, 1]), np.diag([-1.0, 1, 1, 1]), np.eye(3)):
        with pytest.raises(BadInput, match="no rigid move"):
            move_grid(GRID, wrong)
