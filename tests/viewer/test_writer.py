"""napari's own way to save: the right file or a sentence, and never a lost mask."""

from __future__ import annotations

from dataclasses import replace

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


@pytest.fixture
def several(acs_plugin, grid):
    """Return a viewer's layers: two masks whose names are one in files, and a brain mask."""
    rng = np.random.default_rng(0)
    viewer, info = ViewerModel(), LayerInfo(grid, None, "case")
    for name in ("mask 1", "mask/1"):
        array = rng.integers(0, 5, grid.shape).astype(np.uint8)
        viewer.add_layer(Layer.create(*labels_layer(array, info, name)))
    whole = np.ones(grid.shape, np.uint8)
    viewer.add_layer(Layer.create(*labels_layer(whole, replace(info, role="brain"), "brain case")))
    return viewer.layers


def test_several_masks_are_saved_each_with_its_grid(several, tmp_path, grid, monkeypatch):
    """napari had nothing for them but TIFF files, without spacing and directions."""
    said = []
    monkeypatch.setattr("napari.utils.notifications.show_info", said.append)
    written = several.save(str(tmp_path / "all.nii.gz"))
    files = ["all_mask_1.nii.gz", "all_mask_1_2.nii.gz"]
    assert written == [str(tmp_path / file) for file in files]
    for file, name in zip(written, ("mask 1", "mask/1"), strict=True):
        saved = read_labels(file)
        assert saved.grid.difference(grid) is None
        shown = Layer.create(*labels_layer(saved.array, LayerInfo(saved.grid), "again"))
        assert np.array_equal(shown.data, several[name].data)
    assert said == ["Tumour masks alone were saved (2), not brain case."]
    with pytest.raises(FileExistsError, match="Nothing was saved"):
        several.save(str(tmp_path / "all.nii.gz"))


def test_one_refusal_and_none_of_several_masks_is_saved(several, tmp_path):
    several["mask/1"].translate = several["mask/1"].translate + 1
    with pytest.raises(RuntimeError, match="'mask/1' lies on no image"):
        several.save(str(tmp_path / "all.mha"))
    assert list(tmp_path.iterdir()) == []
