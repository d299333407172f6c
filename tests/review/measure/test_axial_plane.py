"""The axial plane that is cut for diameters of a steep scan: the pixels that were measured on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from imaging.geometries import ORIENTATIONS
from review.measure.shapes import ellipsoid, grid_about, points_of
from scipy.spatial.transform import Rotation

from napari_acs.review.boxes import bounding_box
from napari_acs.review.measure.axial import axial_stack, axial_tilt_deg
from napari_acs.review.measure.axial_plane import AROUND_MM, cut, plane_through
from napari_acs.review.measure.between_planes import cut_shape
from napari_acs.review.measure.tumour import measure_tumour


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    spacing=st.tuples(*[st.floats(0.6, 2.5)] * 3),
    orientation=st.sampled_from(ORIENTATIONS),
)
def test_a_diameter_lies_on_the_pixels_of_its_plane(seed, spacing, orientation):
    rng = np.random.default_rng(seed)
    turn = Rotation.random(rng=rng).as_matrix()
    centre = rng.uniform(-50, 50, 3)
    grid = grid_about(centre, spacing, 22.0, turn, orientation)
    assume(axial_tilt_deg(grid) > 31)
    axes = Rotation.random(rng=rng).as_matrix()
    labels = np.zeros(grid.shape, np.uint8)
    labels[ellipsoid(grid, centre, (16, 12, 10), axes)] = 2
    core = ellipsoid(grid, centre + np.array([2, 1, -2]), (9, 6, 7), axes)
    labels[core] = 3
    found = measure_tumour(labels, grid).regions["ET"].largest_axial
    made = plane_through(core, grid, found.diameter.ends_lps_mm, grid)
    plane, there = made.grid, made.region
    assert plane.size[2] == 1
    assert plane.direction == (1, 0, 0, 0, 1, 0, 0, 0, 1)

    whole = bounding_box(labels)
    part = plane_through(core[whole], grid.crop(whole), found.diameter.ends_lps_mm, grid)
    assert part.grid.difference(plane) is None, "of the tumour alone it is cut as fast, not another"
    np.testing.assert_array_equal(part.region, there)

    box = bounding_box(core)
    stack = axial_stack(core[box].astype(np.int32), grid.crop(box), cut_shape)
    measured = stack.array[round(stack.grid.point_to_index([found.diameter.ends_lps_mm[0]])[0, 2])]
    assert there.sum() == measured.sum() > 0, "pixel for pixel"
    ends = [found.diameter.ends_lps_mm, found.perpendicular.ends_lps_mm]
    index = plane.point_to_index(np.concatenate(ends))
    assert np.abs(index[:, 2]).max() < 1e-6
    off = np.abs(index[:, :2] - np.rint(index[:, :2]))
    np.testing.assert_allclose(off.max(axis=1), 0.25, atol=1e-6)
    columns, rows = np.rint(index[:, :2]).astype(int).T
    assert there[0, rows, columns].all()


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.uint8])
def test_what_is_seen_in_a_plane_is_there_in_the_patient(dtype):
    turn = Rotation.from_euler("xz", [41, 12], degrees=True).as_matrix()
    grid = grid_about((10, -20, 30), (0.9, 1.2, 4.0), 40.0, turn, ORIENTATIONS[1])
    x, y, z = np.moveaxis(points_of(grid), -1, 0)
    image = np.rint(100 + x + y / 2 - z).astype(dtype)
    core = ellipsoid(grid, (12, -22, 28), (6, 6, 6))
    ends = measure_tumour(3 * core.astype(np.uint8), grid).regions["ET"].largest_axial.diameter
    plane = plane_through(core, grid, ends.ends_lps_mm, grid).grid
    seen = cut(image, grid, plane)[0]
    there = points_of(plane)[0]
    expected = 100 + there[..., 0] + there[..., 1] / 2 - there[..., 2]
    inside = grid.point_to_index(there.reshape(-1, 3)).reshape(there.shape)
    size = np.array(grid.size)
    well = ((inside > 0) & (inside < size - 1)).all(axis=-1)
    outside = ((inside < -0.5) | (inside > size - 0.5)).any(axis=-1)
    assert well.sum() > 500 and outside.any()
    assert np.abs(seen - expected)[well].max() <= 1, "rounded values, and linear between"
    assert (seen[outside] == 0).all()


def test_a_plane_shows_what_is_around_its_diameter_and_no_more():
    turn = Rotation.from_euler("x", 45, degrees=True).as_matrix()
    grid = grid_about((0, 0, 0), (2.0, 2.0, 2.0), 160.0, turn)
    core = np.zeros(grid.shape, bool)
    core[tuple(slice(n // 2 - 2, n // 2 + 3) for n in grid.shape)] = True
    plane = plane_through(core, grid, [(0, 0, 0), (4, 0, 0)], grid).grid
    corners = plane.corners()
    low, high = corners.min(axis=0), corners.max(axis=0)
    for edge, wanted in ((low[:2], (-AROUND_MM,) * 2), (high[:2], (4 + AROUND_MM, AROUND_MM))):
        assert np.abs(edge - wanted).max() <= 2 * plane.spacing[0]
