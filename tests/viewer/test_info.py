"""Whose a mask is that was begun in napari, over images of more than one patient."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels, Layer

from napari_acs.errors import BadInput
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import image_layer
from napari_acs.viewer.masks import mask_of
from napari_acs.viewer.measuring import shot_of


@pytest.fixture
def image_of(grid, tmp_path):
    def make(study: str, sequence: str = "t1") -> Layer:
        info = LayerInfo(grid, tmp_path / study / f"{sequence}.nii.gz", study, sequence)
        array = np.zeros(grid.shape, np.int16)
        return Layer.create(*image_layer(array, info, f"{sequence} {study}".strip()))

    return make


def begun_over(image: Layer, name: str) -> Labels:
    array = np.zeros(image.data.shape, np.uint8)
    return Labels(array, name=name, scale=image.scale, translate=image.translate, units=image.units)


@pytest.mark.parametrize("take", [mask_of, shot_of])
def test_a_mask_over_two_patients_on_one_grid_is_given_to_neither(image_of, take):
    """It was to be saved beside the images of the first one, and measured as the first one's."""
    two = [image_of("P1"), image_of("P2")]
    with pytest.raises(BadInput, match="two studies on one grid, P1 and P2") as refusal:
        take(begun_over(two[0], "Labels"), two)
    assert "begins with the name of its image" in refusal.value.sentence()
    for image in two:
        found = take(begun_over(image, f"{image.name} - Labels"), two)
        assert found.info.source.parent.name == image.name.split()[1]


@pytest.mark.parametrize("studies", [("P1", "P1"), ("P1", ""), ("", "")])
def test_a_mask_over_images_of_one_study_is_of_it(image_of, studies):
    images = [image_of(studies[0]), image_of(studies[1], "t2")]
    assert mask_of(begun_over(images[0], "Labels"), images).info.study == studies[0]
