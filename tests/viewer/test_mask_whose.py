"""Which image a Labels layer lies on, and that it lies where it lay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Layer
from viewer.drawn import drawn

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.origin import AcquisitionTags, DicomOrigin
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import image_layer, labels_layer
from napari_acs.viewer.masks import mask_of
from napari_acs.viewer.writer import write_labels_layer


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


@pytest.mark.parametrize(
    "turned",
    [
        {"affine": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 7], [0, 0, 0, 1]]},
        {"rotate": (0, 0, 20)},
        {"shear": (0.2, 0, 0)},
    ],
    ids=lambda turned: next(iter(turned)),
)
def test_what_napari_s_transform_mode_moved_is_not_saved_where_it_was(image, tmp_path, turned):
    """It was saved as if it had not been moved: another place than the one that was shown."""
    info = image.metadata["napari_acs"]
    mask = Layer.create(*labels_layer(np.ones(info.grid.shape, np.uint8), info, "m"))
    for name, value in turned.items():
        setattr(mask, name, value)
    with pytest.raises(BadInput, match="'m' was rotated, sheared or moved"):
        mask_of(mask, [image])
    data, meta, _ = mask.as_layer_data_tuple()
    with pytest.raises(RuntimeError, match="Alt-click napari's transform button"):
        write_labels_layer(str(tmp_path / "m.nii.gz"), data, meta)
    mask._reset_affine()  # what that click does
    if "affine" in turned:
        assert mask_of(mask, [image]).info == info


def test_a_mask_begun_over_an_image_is_not_of_it_once_the_image_was_moved(image):
    labels = drawn(image)
    image.affine = np.diag([1.0, 1.0, -1.0, 1.0])
    with pytest.raises(BadInput, match="lies on no image"):
        mask_of(labels, [image])


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


def test_the_image_with_the_longest_fitting_name_is_the_one_below(image, grid, tmp_path):
    source = tmp_path / "other.nii.gz"
    twin = image_layer(np.zeros(grid.shape, np.int16), LayerInfo(grid, source, "case"), "T1 case 2")
    other = Layer.create(*twin)
    for images in ([image, other], [other, image]):
        assert mask_of(drawn(image, "T1 case 2 - Labels"), images).info.source == source


def test_labels_over_two_dicom_studies_are_not_given_to_the_first(image, grid):
    info = image.metadata["napari_acs"]
    two = [
        Layer.create(
            *image_layer(
                np.zeros(grid.shape, np.int16),
                replace(info, dicom=DicomOrigin((), AcquisitionTags(), key)),
                f"T1 {key}",
            )
        )
        for key in ("one", "two")
    ]
    with pytest.raises(BadInput, match="two DICOM studies"):
        mask_of(drawn(image), two)
    assert mask_of(drawn(image, "T1 two - Labels"), two).info.dicom.study_key == "two"


def test_a_mask_on_an_aligned_layer_is_its_references_also_when_that_was_closed(image, tmp_path):
    home = image.metadata["napari_acs"]
    moved = LayerInfo(home.grid, tmp_path / "t2.nii.gz", "case", "t2", reference=home)
    aligned = Layer.create(
        *image_layer(np.zeros(home.grid.shape, np.float32), moved, "T2 case aligned to T1")
    )
    assert mask_of(drawn(image), [aligned]).info == home
