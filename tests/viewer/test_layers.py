"""What is displayed is the file's own voxels at their own places, and the way back is exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.layers import Layer
from viewer.grids import any_grid

from napari_acs.imaging import Grid
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import contrast_limits, image_layer, labels_layer
from napari_acs.viewer.masks import mask_of
from napari_acs.viewer.snapshot import snapshot_study


def numbered(grid: Grid) -> np.ndarray:
    return np.arange(np.prod(grid.shape), dtype=np.int32).reshape(grid.shape)


@given(grid=any_grid(largest_tilt=0.0), data=st.data())
def test_a_voxel_is_displayed_where_it_is_in_the_patient(grid, data):
    array = numbered(grid)
    shown, attributes, _ = image_layer(array, LayerInfo(grid), "T1")
    index = tuple(data.draw(st.integers(0, n - 1)) for n in shown.shape)
    z, y, x = np.unravel_index(shown[index], array.shape)
    at = (np.multiply(index, attributes["scale"]) + attributes["translate"])[::-1]
    assert np.allclose(at, grid.index_to_point([[x, y, z]])[0], atol=1e-6)


@given(grid=any_grid())
def test_axes_run_to_superior_posterior_left(grid):
    shown, *_ = image_layer(numbered(grid), LayerInfo(grid), "T1")
    start = shown[0, 0, 0]
    for axis in range(3):  # so that the axial view is radiological: left on the right, front up
        end = np.take(shown, -1, axis).ravel()[0]
        points = [
            grid.index_to_point([np.unravel_index(v, grid.shape)[::-1]])[0] for v in (start, end)
        ]
        moved = points[1] - points[0]
        assert np.argmax(np.abs(moved)) == 2 - axis
        assert moved[2 - axis] > 0


@settings(max_examples=15)  # making a layer is slow, and what it is made of is tested above
@given(grid=any_grid())
def test_the_way_back_is_the_identity_on_voxels(grid):
    array = numbered(grid)
    layer = Layer.create(*image_layer(array, LayerInfo(grid), "T1"))
    volume = snapshot_study({"t1": layer}).layers["t1"].volume()
    assert np.array_equal(volume.array, array)
    assert volume.grid == grid
    assert np.shares_memory(volume.array, array), "an image must not be copied"

    labels = (array % 4).astype(np.uint8)
    mask = mask_of(Layer.create(*labels_layer(labels, LayerInfo(grid), "mask")), ())
    assert np.array_equal(mask.labels, labels)
    assert mask.info.grid == grid


def test_painting_leaves_the_prediction_as_it_was(grid):
    labels = np.zeros(grid.shape, np.uint8)
    layer = Layer.create(*labels_layer(labels, LayerInfo(grid), "mask"))
    layer.data_setitem((np.array([1]), np.array([2]), np.array([3])), 2)
    assert layer.data[1, 2, 3] == 2
    assert not labels.any()
    layer.undo()
    assert not layer.data.any()


def test_image_and_labels_agree_on_units_and_names(grid):
    image = Layer.create(*image_layer(numbered(grid), LayerInfo(grid), "T1"))
    labels = Layer.create(*labels_layer(np.ones(grid.shape, np.uint8), LayerInfo(grid), "mask"))
    assert [str(u) for u in image.units] == ["millimeter"] * 3
    assert image.units == labels.units
    assert image.axis_labels == labels.axis_labels
    assert np.array_equal(image.extent.world, labels.extent.world)
    z, y, x = np.unravel_index(image.data[1, 2, 3], grid.shape)
    tilt = image.data_to_world((1, 2, 3))[::-1] - grid.index_to_point([[x, y, z]])[0]
    assert np.linalg.norm(tilt) < 2, "napari places the voxel where it is, but for the tilt"


def test_classes_have_fixed_colours_and_names(grid):
    layer = Layer.create(*labels_layer(np.ones(grid.shape, np.uint8), LayerInfo(grid), "mask"))
    assert np.allclose(layer.get_color(2), np.array([0x00, 0xA0, 0x8A, 0xFF]) / 255)
    assert layer.get_color(0) is None, "background is transparent"
    assert layer.get_color(7)[3] == 1, "a value that no class owns must not be invisible"
    table = layer.features.set_index("index")["class"]
    assert table[3] == "enhancing tumour (ET)"


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 4), np.int16),
        np.full((4, 4, 4), np.nan, np.float32),
        np.full((4, 4, 4), np.inf, np.float64),
        np.linspace(-1, 1, 64).reshape(4, 4, 4),
        np.where(np.arange(64).reshape(4, 4, 4) % 2, np.nan, 7.0),
        np.arange(64, dtype=np.uint8).reshape(4, 4, 4) > 40,
    ],
)
def test_contrast_limits_of_any_array_are_a_proper_range(array):
    low, high = contrast_limits(array)
    assert np.isfinite([low, high]).all()
    assert low < high


def test_an_empty_background_is_black_though_interpolation_went_below_it():
    array = np.zeros((20, 20, 20), np.float32)
    array[4:16, 4:16, 4:16] = np.random.default_rng(0).uniform(100, 900, (12, 12, 12))
    array[3, 4:6, 4:6] = -136
    assert contrast_limits(array)[0] == 0
    standardised = np.where(array > 0, (array - 500) / 200, 0).astype(np.float32)
    assert contrast_limits(standardised)[0] < -1.5
