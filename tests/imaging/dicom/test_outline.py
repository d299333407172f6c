from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_acs.imaging.dicom.outline import fill, outlines


def area(polygon):
    x, y = polygon.T
    return (x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def drawn(*rows):
    return np.array([[character == "#" for character in row] for row in rows])


@settings(max_examples=300)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    density=st.floats(0.1, 0.9),
)
def test_there_and_back_is_exact(seed, rows, columns, density):
    mask = np.random.default_rng(seed).random((rows, columns)) < density
    polygons = outlines(mask)
    np.testing.assert_array_equal(fill(polygons, rows, columns), mask)
    assert sum(area(polygon) for polygon in polygons) == pytest.approx(mask.sum())
    if mask.any():
        points = np.concatenate(polygons)
        weights = [area(polygon) for polygon in polygons]
        assert min(weights) > 0  # holes are joined, none stands alone
        assert points.min() >= -0.5


def test_a_square_has_four_corners():
    polygon = outlines(drawn("....", ".##.", ".##."))
    assert sorted(map(tuple, polygon[0])) == [(0.5, 0.5), (0.5, 2.5), (2.5, 0.5), (2.5, 2.5)]


def test_holes_in_a_row_and_an_island_in_a_hole():
    mask = drawn(
        "#########",
        "#..#.#..#",
        "#.##.####",
        "#..#....#",
        "####.##.#",
        "#..#....#",
        "#########",
    )
    polygons = outlines(mask)
    assert len(polygons) == 2  # the region with its holes, and the island in one of them
    np.testing.assert_array_equal(fill(polygons, *mask.shape), mask)


def test_diagonal_contact_gives_two_regions():
    assert len(outlines(drawn("#.", ".#"))) == 2
    assert len(outlines(drawn("###", "#.#", "##."))) == 1


def test_rounding_of_half_a_pixel_changes_nothing():
    rng = np.random.default_rng(0)
    mask = rng.random((12, 13)) < 0.5
    moved = [polygon + rng.uniform(-0.2, 0.2, 2) for polygon in outlines(mask)]
    np.testing.assert_array_equal(fill(moved, *mask.shape), mask)


def test_what_lies_outside_is_cut_off():
    square = np.array([(-3.0, -3.0), (20.0, -3.0), (20.0, 1.5), (-3.0, 1.5)])
    assert fill([square], 4, 5).sum(axis=1).tolist() == [5, 5, 0, 0]


def test_agrees_with_scikit_image_on_slanted_polygons():
    from skimage.measure import points_in_poly  # noqa: PLC0415

    rng = np.random.default_rng(3)
    grid = np.stack(np.meshgrid(np.arange(20), np.arange(15)), axis=-1).reshape(-1, 2)
    for _ in range(20):
        polygon = rng.uniform(1, 14, (6, 2))
        expected = points_in_poly(grid, polygon).reshape(15, 20)
        np.testing.assert_array_equal(fill([polygon], 15, 20), expected)
