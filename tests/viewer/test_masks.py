"""Saving a Labels layer: the image's geometry, the user's voxels, never silently over a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Image, Labels, Layer

from napari_acs.errors import BadInput
from napari_acs.imaging import read_labels
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import image_layer, labels_layer
from napari_acs.viewer.masks import mask_of, relabel, with_suffix, write_mask


@pytest.fixture
def image(grid, tmp_path, write_image) -> Image:
    array = np.random.default_rng(0).integers(0, 900, grid.shape).astype(np.int16)
    path = write_image(tmp_path / "case_t1.nii.gz", array, grid)
    return Layer.create(*image_layer(array, LayerInfo(grid, path, "case", "t1"), "T1 case"))


def drawn(image: Image, name: str = "mine") -> Labels:
    """What napari's 'New labels layer' button makes over an image, with a few voxels painted."""
    data = np.zeros(image.data.shape, np.int32)
    data[1, 2, 3] = 1
    data[2, 3, 4:6] = 3
    return Labels(data, name=name, scale=image.scale, translate=image.translate, units=image.units)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_labels_that_the_user_made_are_saved_on_the_images_grid(image, grid, tmp_path, suffix):
    labels = drawn(image)
    path = write_mask(tmp_path / f"mask{suffix}", mask_of(labels, [image]))
    saved = read_labels(path)
    assert saved.grid.difference(grid) is None
    shown = Layer.create(*labels_layer(saved.array, LayerInfo(saved.grid), "again"))
    assert np.array_equal(shown.data, labels.data)
    # every painted voxel is at one place of the patient, in napari and in the file
    for value in (1, 3):
        there = np.argwhere(saved.array == value)[:, ::-1].mean(axis=0)
        here = labels.data_to_world(np.argwhere(labels.data == value).mean(axis=0))[::-1]
        tilt = grid.index_to_point([there])[0] - here
        assert np.linalg.norm(tilt) < 2.5, "beyond what the tilt explains"


def test_labels_on_no_image_are_refused(image):
    stray = drawn(image)
    stray.translate = stray.translate + 5
    with pytest.raises(BadInput, match="'mine' lies on no image"):
        mask_of(stray, [image])
    with pytest.raises(BadInput, match="lies on no image"):
        mask_of(drawn(image), [])


def test_a_layer_that_was_moved_is_not_saved_where_it_was(image):
    mask = Layer.create(
        *labels_layer(
            np.ones(image.metadata["napari_acs"].grid.shape, np.uint8),
            image.metadata["napari_acs"],
            "m",
        )
    )
    mask.translate = mask.translate + 1
    with pytest.raises(BadInput, match="lies on no image"):
        mask_of(mask, [image])


def test_two_files_that_look_alike_are_told_apart_by_name(image, grid):
    flipped = replace(
        grid,
        origin=tuple(grid.index_to_point([[grid.size[0] - 1, 0, 0]])[0].tolist()),
        direction=tuple((np.reshape(grid.direction, (3, 3)) * [-1, 1, 1]).ravel().tolist()),
    )
    twin = Layer.create(
        *image_layer(np.zeros(flipped.shape, np.int16), LayerInfo(flipped), "T2 case")
    )
    with pytest.raises(BadInput, match="could belong to 'T1 case' or to 'T2 case'"):
        mask_of(drawn(image), [image, twin])
    assert mask_of(drawn(image, "T2 case - Labels"), [image, twin]).info.grid == flipped
    assert mask_of(drawn(image, "T1 case - Labels"), [twin, image]).info.grid == grid


def test_enhancing_tumour_is_numbered_as_asked():
    labels = np.array([0, 1, 2, 3], np.uint8)
    assert relabel(labels, "1/2/4", "m").tolist() == [0, 1, 2, 4]
    assert relabel(np.array([0, 4], np.uint8), "1/2/3", "m").tolist() == [0, 3]
    assert relabel(labels, "as shown", "m").tolist() == [0, 1, 2, 3]
    with pytest.raises(BadInput, match="both 3 and 4"):
        relabel(np.array([3, 4], np.uint8), "1/2/4", "m")


@pytest.mark.parametrize(("value", "said"), [(256, "label 256"), (-1, "label -1")])
def test_values_that_no_mask_holds_are_refused(image, value, said):
    labels = drawn(image)
    labels.data[0, 0, 0] = value
    with pytest.raises(BadInput, match=said):
        mask_of(labels, [image])


def test_the_array_that_is_written_is_a_copy(image):
    labels = drawn(image)
    labels.data = labels.data.astype(np.uint8)
    mask = mask_of(labels, [image])
    before = mask.labels.copy()
    labels.data[:] = 9  # the user goes on painting while the worker writes
    assert np.array_equal(mask.labels, before)


def test_names_without_and_with_a_wrong_suffix(tmp_path):
    assert with_suffix(tmp_path / "mask").name == "mask.nii.gz"
    assert with_suffix(tmp_path / "Mask.NRRD").name == "Mask.NRRD"
    with pytest.raises(BadInput, match=r"the ending \.tif"):
        with_suffix(tmp_path / "mask.tif")
