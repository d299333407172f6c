"""napari's own way to save: the right file or a sentence, and never a lost mask."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer

from napari_acs.imaging import read_labels
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import labels_layer


@pytest.fixture
def layer(acs_plugin, grid):
    array = np.random.default_rng(0).integers(0, 5, grid.shape).astype(np.uint8)
    layer = Layer.create(*labels_layer(array, LayerInfo(grid), "mask"))
    ViewerModel().add_layer(layer)
    return layer


@pytest.mark.parametrize("name", ["m.nii.gz", "m.nii", "m.nrrd", "m.mha", "m"])
def test_a_layer_is_saved_with_its_own_numbers_and_grid(layer, tmp_path, grid, name):
    (written,) = layer.save(str(tmp_path / name))
    assert written == str(tmp_path / (name if "." in name else "m.nii.gz"))
    saved = read_labels(written)
    again = Layer.create(*labels_layer(saved.array, LayerInfo(saved.grid), "again"))
    assert np.array_equal(again.data, layer.data)
    assert saved.grid.difference(grid) is None


@pytest.mark.parametrize("name", ["m.nii.gz", "m"])
def test_an_existing_file_is_left_as_it_was(layer, tmp_path, name):
    existing = tmp_path / "m.nii.gz"
    existing.write_bytes(b"someone's work")
    with pytest.raises(FileExistsError, match="exists and was left as it is"):
        layer.save(str(tmp_path / name))
    assert existing.read_bytes() == b"someone's work"
    assert [p.name for p in tmp_path.iterdir()] == ["m.nii.gz"]


def test_a_refusal_reaches_the_user_as_its_sentence(layer, tmp_path):
    layer.translate = layer.translate + 1
    with pytest.raises(RuntimeError, match="'mask' lies on no image"):
        layer.save(str(tmp_path / "m.nii.gz"))
    assert list(tmp_path.iterdir()) == []
