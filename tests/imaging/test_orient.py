from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from imaging.geometries import ORIENTATIONS, make_grid, noise, origins, spacings, tilts, to_image

from napari_acs.imaging import Grid, from_lps, lps_grid, to_lps


@pytest.mark.parametrize("number", range(48))
@settings(max_examples=20)
@given(spacing=spacings, origin=origins, tilt=tilts)
def test_orientation_is_that_of_simpleitk_and_the_way_back_is_exact(number, spacing, origin, tilt):
    grid = make_grid(ORIENTATIONS[number], spacing, origin, tilt)
    array = noise()
    turned = to_lps(array, grid)
    oracle = sitk.DICOMOrient(to_image(array, grid), "LPS")
    np.testing.assert_array_equal(turned, sitk.GetArrayFromImage(oracle))
    assert lps_grid(grid).difference(Grid.from_image(oracle)) is None
    # Array axes z, y, x run to superior, posterior, left: nearest, as the grid is tilted.
    assert np.all(np.diag(np.reshape(lps_grid(grid).direction, (3, 3))) > 0.5)
    np.testing.assert_array_equal(from_lps(turned, grid), array)
    stack = np.stack([array, array + 1])
    np.testing.assert_array_equal(from_lps(to_lps(stack, grid), grid), stack)


def test_turning_copies_nothing():
    array = noise()
    grid = make_grid(ORIENTATIONS[29])
    assert np.shares_memory(to_lps(array, grid), array)
    assert np.shares_memory(from_lps(to_lps(array, grid), grid), array)
