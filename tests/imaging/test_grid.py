from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imaging.geometries import ORIENTATIONS, make_grid, noise, origins, spacings, tilts, to_image

from napari_acs.imaging import Grid

orientations = st.sampled_from(ORIENTATIONS)


@given(orientations, spacings, origins, tilts)
def test_points_are_those_of_simpleitk(orientation, spacing, origin, tilt):
    grid = make_grid(orientation, spacing, origin, tilt)
    image = to_image(noise(), grid)
    assert Grid.from_image(image) == grid
    indices = np.array([[0, 0, 0], [5, 0, 0], [0, 4, 0], [0, 0, 3], [1.25, 2.5, -0.75]])
    expected = [image.TransformContinuousIndexToPhysicalPoint(i.tolist()) for i in indices]
    np.testing.assert_allclose(grid.index_to_point(indices), expected, atol=1e-9)
    np.testing.assert_allclose(grid.point_to_index(expected), indices, atol=1e-9)
    np.testing.assert_allclose(grid.affine @ [*indices[4], 1], [*expected[4], 1], atol=1e-9)
    assert grid.voxel_ml == pytest.approx(np.prod(spacing) / 1000)


def test_crop_keeps_every_voxel_where_it_was():
    grid = make_grid(ORIENTATIONS[13], (0.7, 1.3, 5.0), (10, -20, 30), (0.1, 0.2, -0.3))
    cropped = grid.crop((slice(1, 3), slice(2, 5), slice(3, 6)))
    assert cropped.shape == (2, 3, 3)
    expected = to_image(np.zeros(grid.shape), grid)[3:6, 2:5, 1:3]
    np.testing.assert_allclose(cropped.origin, expected.GetOrigin(), atol=1e-12)
    assert cropped.direction == grid.direction


@settings(max_examples=300)
@given(orientations, spacings, origins, tilts)
def test_float32_headers_make_no_difference(orientation, spacing, origin, tilt):
    grid = make_grid(orientation, spacing, origin, tilt, size=(240, 240, 155))
    single = [
        tuple(np.float32(values).astype(float).tolist())
        for values in (spacing, origin, grid.direction)
    ]
    assert grid.difference(Grid(grid.size, *single)) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": (6, 5, 5)}, "size 6 x 5 x 4 against 6 x 5 x 5 voxels"),
        ({"spacing": (1, 1, 1.2)}, "voxel spacing 1 x 1 x 1 against 1 x 1 x 1.2 mm"),
        ({"origin": (0, 0.5, 0)}, "0.5 mm apart"),
        ({"origin": (0, 0.02, 0)}, "0.02 mm apart"),
        ({"tilt": (0, 0, np.pi / 18)}, "turned by 10.0 degrees"),
        ({"orientation": np.diag([1.0, -1.0, 1.0])}, "flipped or swapped"),
        ({"orientation": np.diag([-1.0, -1.0, 1.0])}, "flipped or swapped"),
    ],
)
def test_differences_are_said_in_words(change, said):
    one, other = make_grid(), make_grid(**change)
    assert one != other
    assert said in one.difference(other)
    assert other.difference(one) is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spacing": (1, 0, 1)}, "spacing"),
        ({"spacing": (1, -1, 1)}, "spacing"),
        ({"spacing": (1, float("nan"), 1)}, "spacing"),
        ({"origin": (1, float("inf"), 1)}, "origin"),
        ({"size": (6, 0, 4)}, "size"),
        ({"direction": (1, 0.01, 0, 0, 1, 0, 0, 0, 1)}, "sheared"),
        ({"direction": (1, 0, 0, 0, 2, 0, 0, 0, 1)}, "perpendicular"),
        ({"direction": (0,) * 9}, "perpendicular"),
        ({"direction": (float("nan"),) * 9}, "direction"),
    ],
)
def test_what_is_no_grid_is_refused(change, said):
    good = {
        "size": (6, 5, 4),
        "spacing": (1, 1, 1),
        "origin": (0, 0, 0),
        "direction": (1, 0, 0, 0, 1, 0, 0, 0, 1),
    }
    Grid(**good)
    with pytest.raises(ValueError, match=said):
        Grid(**{**good, **change})


def test_a_negative_zero_is_a_zero():
    grid = make_grid(np.diag([1.0, 1.0, -1.0]))
    assert "-0.0" not in str(grid)
