"""Two dates whose scans are tilted against each other: what comes of the planes is told apart."""

from __future__ import annotations

import json

import numpy as np
import pytest
from review.measure.shapes import ellipsoid, grid_about, points_of
from scipy.spatial.transform import Rotation

from napari_acs.imaging.cancel import Cancelled
from napari_acs.review.measure.change import measure_change
from napari_acs.review.measure.same_planes import PLANES_APART_DEG, planes_apart_deg

CENTRE = np.array([20.0, -10.0, 30.0])
AXES = Rotation.from_rotvec((0.3, 0.2, 0.5)).as_matrix()
THIN, THICK, FINE = (1.0, 1.0, 1.0), (0.9, 0.9, 5.5), (0.4, 0.4, 6.0)


def scan(spacing, degrees=0.0, about="x"):
    """A grid about the lesion, tilted by so much, and not on the other's voxels."""
    turn = Rotation.from_euler(about, degrees, degrees=True).as_matrix()
    return grid_about(CENTRE + (0.3 if degrees else -0.2), spacing, 30.0, turn)


def lobes(grid, size=1.0):
    """A lesion with lobes, which the planes of a scan cut in other outlines when it is tilted."""
    at = (points_of(grid) - CENTRE) @ AXES / size
    x, y, z = np.moveaxis(at, -1, 0)
    reach = 12 + 2.5 * np.sin(3 * np.arctan2(y, x)) + 2 * np.cos(2 * np.arctan2(z, x))
    return 3 * (np.linalg.norm(at, axis=-1) <= reach).astype(np.uint8)


@pytest.mark.parametrize("spacings", [(THIN, THIN), (THICK, THICK), (FINE, THICK), (THICK, THIN)])
@pytest.mark.parametrize("degrees", [10.0, 22.7, 29.0])
def test_a_lesion_that_did_not_change_changes_less_in_the_planes_of_one_scan(spacings, degrees):
    before, after = scan(spacings[0]), scan(spacings[1], degrees)
    change = measure_change(lobes(before), before, lobes(after), after)
    et = change.regions["ET"]
    assert change.planes_apart_deg == pytest.approx(degrees, abs=1e-6)
    assert abs(et.product_change_percent) > 6
    assert abs(et.product_change_same_planes_percent) < 8
    assert abs(et.product_change_same_planes_percent) < abs(et.product_change_percent)
    assert et.product_category_same_planes == "SD"
    assert f"ET {et.product_change_same_planes_percent:+z.0f} % (SD)" in change.note
    assert f"{degrees:.0f} degrees apart" in change.note
    record = change.to_dict()
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_progression_that_comes_of_the_planes_alone_is_told():
    before, after = scan(THIN), scan(THIN, 22.7)
    change = measure_change(lobes(before), before, lobes(after, 1.06), after)
    et = change.regions["ET"]
    assert (et.product_category, et.product_category_same_planes) == ("PD", "SD")
    assert et.volume_category == "SD"


def test_of_a_thin_rim_a_tenth_may_be_left():
    """Its lines hardly fit between rim and hole, in any planes: the note says so."""
    for spacing in (THIN, THICK):
        before, after = scan(spacing), scan(spacing, 22.7)
        hole = CENTRE + AXES @ (1, 0.5, 0)
        rims = [
            3 * (ellipsoid(g, CENTRE, (16, 12, 11), AXES) & ~ellipsoid(g, hole, (12, 9, 7.5), AXES))
            for g in (before, after)
        ]
        change = measure_change(rims[0], before, rims[1], after)
        assert abs(change.regions["ET"].product_change_same_planes_percent) < 12
        assert "of a thin rim a tenth and more" in change.note


def test_planes_that_lie_alike_are_not_measured_twice():
    """However the head was turned in its planes; and both steep: exactly axial ones are cut."""
    before, nothing = scan(THICK), np.zeros(scan(THICK).shape, np.uint8)
    for after in (scan(THICK, PLANES_APART_DEG - 0.1), scan(THICK, 40.0, "z")):
        change = measure_change(lobes(before), before, lobes(after), after)
        assert change.regions["ET"].product_after_same_planes_mm2 is None
        assert change.regions["ET"].product_category_same_planes is None
        assert "planes" not in change.note
    assert planes_apart_deg(scan(THIN, 35.0), scan(THIN, 44.0, "y")) == pytest.approx(0, abs=1e-6)
    assert planes_apart_deg(scan(THIN, 20.0), scan(THIN, 44.0, "y")) == pytest.approx(20, abs=1e-6)
    tilted = scan(THICK, 20.0)
    gone = measure_change(lobes(tilted), tilted, nothing, before)
    assert gone.regions["ET"].product_category == "CR" and not gone.note


def test_a_steep_earlier_scan_gives_axial_planes():
    before, after = scan(THIN, 40.0), scan(THIN, 20.0, "y")
    change = measure_change(lobes(before), before, lobes(after), after)
    assert change.planes_apart_deg == pytest.approx(20, abs=1e-6)
    assert abs(change.regions["ET"].product_change_same_planes_percent) < 8


def test_of_more_lesions_than_are_followed_the_largest_count_in_both():
    def four(grid):
        balls = [
            ellipsoid(grid, CENTRE + np.array(off), (radius,) * 3)
            for off, radius in (
                ((-15, -15, 0), 8.0), ((15, -15, 0), 7.0), ((-15, 15, 0), 6.5), ((15, 15, 0), 4.0)
            )
        ]  # fmt: skip
        return 3 * np.any(balls, axis=0).astype(np.uint8)

    before, after = scan(THIN), scan(THIN, 20.0)
    change = measure_change(four(before), before, four(after), after)
    assert len(change.after.regions["ET"].lesions) == 4
    et = change.regions["ET"]
    assert et.product_after_same_planes_mm2 == pytest.approx(et.product_before_mm2, rel=0.05)


def test_it_stops_when_it_is_told():
    before, after = scan(THIN), scan(THIN, 22.7)
    asked = []

    def enough():
        asked.append(1)
        return len(asked) > stop

    stop = 10**9
    measure_change(lobes(before), before, lobes(after), after, cancelled=enough)
    stop, asked[:] = len(asked) - 1, []
    with pytest.raises(Cancelled):
        measure_change(lobes(before), before, lobes(after), after, cancelled=enough)
