"""Axial diameters: by brute force with fractions, on ellipses, and on tilted grids."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review.measure.shapes import blob, ellipsoid, grid_about
from scipy.ndimage import label
from scipy.spatial.transform import Rotation

from napari_acs.imaging import Grid
from napari_acs.review.measure.axial import axial_tilt_deg
from napari_acs.review.measure.tumour import measure_tumour

FLAT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)


def covered(pixels, p, q):
    """Tell whether closed unit squares cover a segment, by clipping it at each, exactly."""
    pieces = []
    for pixel in pixels:
        low, high = Fraction(0), Fraction(1)
        for axis in range(2):
            start, step = p[axis], q[axis] - p[axis]
            near, far = pixel[axis] - HALF, pixel[axis] + HALF
            if step == 0:
                if not near <= start <= far:
                    low, high = Fraction(1), Fraction(0)
            else:
                cut = sorted(((near - start) / step, (far - start) / step))
                low, high = max(low, cut[0]), min(high, cut[1])
        if low <= high:
            pieces.append((low, high))
    reached = Fraction(0)
    for low, high in sorted(pieces):
        if low > reached:
            return False
        reached = max(reached, high)
    return reached >= 1


def meet(one, other):
    """Tell whether two segments that are not parallel have a point in common, exactly."""
    (p, q), (a, b) = one, other
    d, e = [y - x for x, y in zip(p, q, strict=True)], [y - x for x, y in zip(a, b, strict=True)]
    across = d[0] * e[1] - d[1] * e[0]
    off = [y - x for x, y in zip(p, a, strict=True)]
    places = [(off[0] * e[1] - off[1] * e[0]) / across, (off[0] * d[1] - off[1] * d[0]) / across]
    return all(0 <= place <= 1 for place in places)


def by_brute_force(plane, sides, within_deg):
    """Return the largest diameter and the largest perpendicular that crosses it, of one island."""
    pixels = [tuple(map(int, at)) for at in np.argwhere(plane)]
    steps = ((1, 0), (-1, 0), (0, 1), (0, -1))
    contour = sorted(
        {
            (r + QUARTER * dr, c + QUARTER * dc)
            for r, c in pixels
            for dr, dc in steps
            if (r + dr, c + dc) not in pixels
        }
    )
    vectors = {}
    for p, q in itertools.combinations(contour, 2):
        if covered(pixels, p, q):
            vectors[p, q] = [float(b - a) * s for a, b, s in zip(p, q, sides, strict=True)]
    lengths = {pair: math.hypot(*v) for pair, v in vectors.items()}
    longest = max(lengths.values())
    second = 0.0
    for pair, length in lengths.items():
        if length > longest - 1e-9:
            for other, across in lengths.items():
                dot = abs(sum(a * b for a, b in zip(vectors[pair], vectors[other], strict=True)))
                off = 90 - math.degrees(math.acos(min(1, dot / length / across)))
                if off <= within_deg + 1e-6 and meet(pair, other):
                    second = max(second, across)
    return longest, second


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.tuples(st.integers(2, 7), st.integers(2, 7)),
    sides=st.tuples(st.floats(0.8, 1.1), st.floats(0.8, 1.1)),
    within=st.sampled_from([3.0, 5.0, 15.0]),
)
def test_diameters_are_those_of_brute_force(seed, size, sides, within):
    plane = blob(seed, size, 0.2, 0.9)
    plane[0, 0] = True
    grid = Grid((*size[::-1], 1), (*sides[::-1], 3.0), (5.0, -3.0, 2.0), FLAT)
    found = measure_tumour(
        plane[None].astype(np.uint8), grid, smallest_lesion_ml=0, perpendicular_within_deg=within
    )
    islands, count = label(plane, np.ones((3, 3)))
    assert len(found.regions["WT"].lesions) == count
    for lesion in found.regions["WT"].lesions:
        line = lesion.axial.diameter
        alone = islands == islands[tuple(np.rint(line.ends_index_zyx[0][1:]).astype(int))]
        expected = by_brute_force(alone, sides, within)
        second = lesion.axial.perpendicular
        assert line.length_mm == pytest.approx(expected[0])
        assert (second.length_mm if second else 0.0) == pytest.approx(expected[1])
        assert lesion.axial.product_mm2 == pytest.approx(math.prod(expected))


@pytest.mark.parametrize(
    ("radii", "sides"),
    [((11, 16, 6, 9), (1, 1)), ((25, 35, 12, 22), (1, 1)), ((25, 35, 12, 22), (4, 1))],
    ids=["small", "large", "elongated pixels"],
)
def test_ellipses_come_out_within_half_a_pixel_on_average(radii, sides):
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(40):
        long, short = rng.uniform(*radii[:2]), rng.uniform(*radii[2:])
        axes = Rotation.from_euler("z", rng.uniform(0, np.pi)).as_matrix()
        origin = (-40 + rng.uniform(0, sides[1]), -40 + rng.uniform(0, sides[0]), 0.0)
        grid = Grid((80 // sides[1], 80 // sides[0], 1), (*sides[::-1], 1), origin, FLAT)
        mask = ellipsoid(grid, np.zeros(3), (long, short, 1.0), axes).astype(np.uint8)
        found = measure_tumour(mask, grid, smallest_lesion_ml=0).regions["WT"].largest_axial
        lengths = found.diameter.length_mm, found.perpendicular.length_mm
        errors.append(np.subtract(lengths, (2 * long, 2 * short)))
    assert np.abs(np.mean(errors, axis=0)).max() < 0.45 * max(sides)
    assert np.abs(errors).max() < 1.3 * max(sides)


@settings(max_examples=20, deadline=None)
@given(
    turn=st.tuples(*[st.floats(-0.28, 0.28)] * 3),
    spacing=st.tuples(st.floats(0.5, 1.2), st.floats(0.5, 1.2), st.floats(0.8, 3.0)),
)
def test_a_ball_on_a_tilted_grid_has_its_diameter_in_the_grids_own_plane(turn, spacing):
    turn = Rotation.from_rotvec(turn).as_matrix()
    centre = np.array([31.0, -12.0, 40.0])
    grid = grid_about(centre, spacing, 16.0, turn)
    mask = ellipsoid(grid, centre, (12.0,) * 3).astype(np.uint8)
    found = measure_tumour(mask, grid)
    if found.axial_resampled:
        assert axial_tilt_deg(grid) > 30
        return
    axial = found.regions["TC"].largest_axial or found.regions["WT"].largest_axial
    assert axial.measurable
    for line in (axial.diameter, axial.perpendicular):
        ends = np.array(line.ends_lps_mm)
        assert line.length_mm == pytest.approx(np.linalg.norm(ends[1] - ends[0]))
        assert abs(line.length_mm - 24) < 1.5 * max(spacing[:2])
        assert (ends[1] - ends[0]) @ turn[:, 2] == pytest.approx(0, abs=1e-9)
        index = np.array(line.ends_index_zyx)
        np.testing.assert_allclose(grid.index_to_point(index[:, ::-1]), ends, atol=1e-9)
        assert (np.linalg.norm(ends - centre, axis=1) < 12 + max(spacing[:2]) / 2).all()
    assert 85 <= axial.angle_deg <= 90


@pytest.mark.parametrize("tilt", [35.0, 45.0, 52.0])
def test_a_steep_grid_is_cut_along_the_patients_axes(tilt):
    turn = Rotation.from_euler("x", tilt, degrees=True).as_matrix()
    centre = np.array([-20.0, 7.0, 3.0])
    grid = grid_about(centre, (0.9, 0.9, 1.5), 22.0, turn)
    # A rod along the patient's z axis, 20 mm wide, 36 mm long: the grid's planes see it longer.
    offset = np.indices(grid.shape)[::-1].reshape(3, -1).T
    offset = grid.index_to_point(offset) - centre
    rod = (np.hypot(offset[:, 0], offset[:, 1]) <= 10) & (np.abs(offset[:, 2]) <= 18)
    rod = rod.reshape(grid.shape).astype(np.uint8)
    found = measure_tumour(rod, grid)
    assert found.axial_resampled
    assert found.axial_tilt_deg == pytest.approx(min(tilt, 90 - tilt))
    axial = found.regions["WT"].largest_axial
    for line in (axial.diameter, axial.perpendicular):
        assert abs(line.length_mm - 20) < 1.5
        assert line.ends_lps_mm[0][2] == pytest.approx(line.ends_lps_mm[1][2])


@pytest.mark.parametrize("slices", [1.0, 5.0])
def test_ellipsoids_of_a_steep_scan_have_their_diameters_whatever_its_slices(slices):
    """The value of the nearest voxel makes steps, of which the longest line finds the longest."""
    rng = np.random.default_rng(3)
    off = []
    for _ in range(16):
        angles = rng.uniform(0, 360), rng.uniform(33, 50)
        turn = Rotation.from_euler("zx", angles, degrees=True).as_matrix()
        axes = Rotation.random(rng=rng).as_matrix()
        radii, centre = rng.uniform(8, 16, 3), rng.uniform(-40, 40, 3)
        grid = grid_about(centre + rng.uniform(-1, 1, 3), (0.9, 0.9, slices), 22.0, turn)
        mask = ellipsoid(grid, centre, radii, axes).astype(np.uint8)
        found = measure_tumour(mask, grid)
        if not found.axial_resampled:
            continue
        section = (axes @ np.diag(1 / radii**2) @ axes.T)[:2, :2]  # the ellipse through the centre
        truth = 4 / math.sqrt(np.linalg.det(section))
        off.append(100 * (found.regions["WT"].largest_axial.product_mm2 / truth - 1))
    assert len(off) > 8
    assert abs(np.mean(off)) < 3
    assert np.abs(off).max() < 11


def test_two_lesions_of_a_steep_scan_stay_two_and_specks_are_none():
    turn = Rotation.from_euler("x", 40, degrees=True).as_matrix()
    grid = grid_about(np.zeros(3), (1.0, 1.0, 3.0), 40.0, turn)
    mask = ellipsoid(grid, (-16, 0, 0), (12, 12, 12)) | ellipsoid(grid, (14, 4, 5), (9, 9, 9))
    mask[1, 1, 1] = True  # too small to count
    found = measure_tumour(mask.astype(np.uint8), grid).regions["WT"]
    assert found.ignored_ml == pytest.approx(grid.voxel_ml)
    for lesion, radius, x in zip(found.lesions, (12, 9), (-16, 14), strict=True):
        assert lesion.axial.diameter.length_mm == pytest.approx(2 * radius, abs=1.2)
        middle = np.mean(lesion.axial.diameter.ends_lps_mm, axis=0)
        assert middle[0] == pytest.approx(x, abs=3)
    speck = np.zeros(grid.shape, np.uint8)
    speck[1, 1, 1] = 2
    assert measure_tumour(speck, grid).regions["WT"].largest_axial is None


def test_a_diameter_does_not_cross_a_hole():
    grid = Grid((60, 60, 1), (1.0, 1.0, 1.0), (0, 0, 0), FLAT)
    y, x = np.indices((60, 60))
    r = np.hypot(y - 29.5, x - 29.5)
    ring = np.where(r <= 20, np.where(r < 12, 1, 3), 0)[None].astype(np.uint8)
    regions = measure_tumour(ring, grid).regions
    assert regions["TC"].largest_axial.diameter.length_mm == pytest.approx(40, abs=1)
    chord = 2 * math.sqrt(20**2 - 12**2)
    assert regions["ET"].largest_axial.diameter.length_mm == pytest.approx(chord, abs=1.5)
    assert regions["ET"].largest_3d_diameter_mm == pytest.approx(40, abs=1.1)


def test_the_second_diameter_crosses_the_first():
    # A bar with a crooked tail: the tail's end is longer than its neck, but does not reach the bar.
    mask = np.zeros((1, 30, 64), np.uint8)
    for rows, columns in (((2, 5), (2, 62)), ((5, 11), (30, 32)), ((9, 11), (30, 42)),
                          ((9, 26), (40, 42))):  # fmt: skip
        mask[0, slice(*rows), slice(*columns)] = 3
    axial = measure_tumour(mask, Grid((64, 30, 1), (1.0, 1.0, 1.0), (0, 0, 0), FLAT))
    found = axial.regions["ET"].largest_axial
    assert found.diameter.length_mm == pytest.approx(60, abs=1)
    assert found.perpendicular.length_mm == pytest.approx(9, abs=1)


@pytest.mark.parametrize(
    ("side", "slices", "slice_mm", "measurable"),
    [(9, 4, 5.0, True), (9, 4, 6.5, False), (12, 4, 6.5, True), (12, 1, 5.0, False)],
    ids=["10 mm", "below two thick slices", "above two thick slices", "in one slice only"],
)
def test_a_measurable_lesion_has_ten_mm_or_two_slices_both_ways(side, slices, slice_mm, measurable):
    mask = np.zeros((6, 30, 30), np.uint8)
    mask[1 : 1 + slices, 5 : 5 + side, 5 : 5 + side] = 3
    found = measure_tumour(mask, Grid((30, 30, 6), (1.0, 1.0, slice_mm), (0, 0, 0), FLAT))
    assert found.measurable_from_mm == max(10, 2 * slice_mm)
    assert found.regions["ET"].largest_axial.measurable is measurable
    assert found.regions["ET"].measurable_lesions == measurable


def test_one_voxel_measures_half_its_sides():
    mask = np.zeros((3, 3, 3), np.uint8)
    mask[1, 1, 1] = 3
    grid = Grid((3, 3, 3), (0.5, 0.7, 4.0), (0, 0, 0), FLAT)
    found = measure_tumour(mask, grid, smallest_lesion_ml=0).regions["ET"].largest_axial
    assert found.diameter.length_mm == pytest.approx(0.35)
    assert found.perpendicular.length_mm == pytest.approx(0.25)
    assert found.angle_deg == pytest.approx(90)
    assert not found.measurable


def test_the_largest_diameter_of_a_region_is_the_longest_not_that_of_the_largest_product():
    grid = grid_about(np.zeros(3), (1.0, 1.0, 1.0), 40.0, np.eye(3))
    mask = ellipsoid(grid, (-20, 0, 0), (3, 20, 3)) | ellipsoid(grid, (15, 0, 0), (12, 12, 12))
    region = measure_tumour(mask.astype(np.uint8), grid).regions["TC"]
    products = [lesion.axial.product_mm2 for lesion in region.lesions]
    assert region.largest_axial.product_mm2 == min(products) < 0.6 * max(products)
    assert region.largest_axial.diameter.length_mm == pytest.approx(38, abs=2)
