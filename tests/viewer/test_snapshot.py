"""Every choice that can't be segmented is refused at the click, with what to do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Image, Labels, Layer

from napari_acs.errors import BadInput
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import image_layer
from napari_acs.viewer.snapshot import snapshot_study

VOLUME = np.arange(7 * 8 * 9, dtype=np.float32).reshape(7, 8, 9)


def ours(grid, name="T1", study="case"):
    return Layer.create(
        *image_layer(np.zeros(grid.shape, np.int16), LayerInfo(grid, None, study), name)
    )


def sentence(chosen) -> str:
    with pytest.raises(BadInput) as refusal:
        snapshot_study(chosen)
    assert refusal.value.do, "a refusal says what to do"
    return refusal.value.sentence()


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (Image(VOLUME[0], name="slice"), "'slice' has 2 dimensions"),
        (Image(VOLUME[None], name="series"), "'series' has 4 dimensions"),
        (Image(np.zeros((8, 9, 3), np.uint8), rgb=True, name="photo"), "'photo' is a colour"),
        (Image([VOLUME, VOLUME[::2, ::2, ::2]], name="pyramid"), "'pyramid' is a multiscale"),
        (Labels(np.zeros((4, 4, 4), np.uint8), name="mask"), "'mask' is not an image"),
        (Image(VOLUME, rotate=(10, 0, 0), name="turned"), "'turned' was moved, rotated"),
        (Image(VOLUME, scale=(1, -1, 1), name="mirrored"), "'mirrored' has no place"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_layer_that_is_no_volume_is_refused_by_name(layer, said):
    assert said in sentence({"t1": layer, "t2": None})


def test_nothing_chosen_is_refused():
    assert "No sequence is chosen" in sentence(dict.fromkeys(("t1", "t1ce", "t2", "flair")))


def test_a_layer_chosen_twice_is_refused(grid):
    layer = ours(grid)
    assert "'T1' is chosen twice, as T1 and as FLAIR" in sentence({"t1": layer, "flair": layer})


def test_two_grids_are_refused_with_their_difference(grid):
    other = replace(grid, spacing=(0.9, 0.9, 3.0))
    said = sentence({"t1": ours(grid, "one"), "t2": ours(other, "two")})
    assert "'one' and 'two' lie on different grids" in said
    assert "0.9 x 0.9 x 1.5 against 0.9 x 0.9 x 3" in said


def test_a_layer_moved_by_the_user_is_refused(grid):
    layer = ours(grid)
    layer.translate = layer.translate + 3
    assert "was moved" in sentence({"t1": layer})


def test_a_layer_moved_with_the_mouse_in_transform_mode_is_refused(grid):
    """napari writes that to the layer's affine; it was segmented where it had been."""
    layer = ours(grid)
    layer.affine = [[1, 0, 0, 0], [0, 1, 0, 12], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert "was moved" in sentence({"t1": layer})


def test_a_layer_from_elsewhere_is_taken_as_shown_and_said_so():
    layer = Image(VOLUME, scale=(2, 1, 1), translate=(5, 6, 7), name="other T1")
    study = snapshot_study({"t1": layer})
    grid = study.reference.grid
    assert (grid.size, grid.spacing, grid.origin) == ((9, 8, 7), (1, 1, 2), (7, 6, 5))
    assert np.array_equal(study.layers["t1"].volume().array, VOLUME)
    assert "'other T1' was not opened by napari-acs" in study.notes[0]


def test_the_study_is_named_after_its_layers(grid):
    assert snapshot_study({"t1": ours(grid), "t2": ours(grid, "T2")}).name == "case"
    assert (
        snapshot_study({"t1": ours(grid, "T1 x", "a"), "t2": ours(grid, "T2", "b")}).name == "T1 x"
    )
