"""Saving a Labels layer: the image's geometry, the user's voxels, never silently over a file."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import DirectLabelColormap, label_colormap
from viewer.drawn import drawn

from napari_acs.errors import BadInput
from napari_acs.imaging import read_labels, read_segments
from napari_acs.imaging.labels.reread import reread
from napari_acs.imaging.labels.segments import Maker
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import labels_layer
from napari_acs.viewer.masks import _maker, mask_of, relabel, with_suffix, write_mask
from napari_acs.viewer.prepared import brain_layer
from napari_acs.viewer.writer import write_labels_layer


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


def titles(path: Path) -> dict[int, tuple[str, str]]:
    return {s.value: (s.title, s.colour) for s in read_segments(path).segments}


def named(image: Image, features, colormap=None) -> Labels:
    layer = drawn(image)
    layer.features = features
    if colormap is not None:
        layer.colormap = colormap
    return layer


def test_a_label_that_gets_another_number_keeps_its_name_and_colour(image, tmp_path):
    features = {
        "index": [0, 1, 3],
        "class": ["background", "old core (NCR)", "rim, enhancing (ET)"],
    }
    colours = DirectLabelColormap(color_dict={None: "#ff00ff", 1: "#102030", 3: "#00ff00"})
    layer = named(image, features, colours)
    path = write_mask(tmp_path / "m.seg.nrrd", mask_of(layer, [image]), "1/2/4")
    assert titles(path) == {1: ("old core", "#102030"), 4: ("rim, enhancing", "#00ff00")}


def test_a_label_that_is_no_enhancing_tumour_is_not_numbered_as_one(image, tmp_path):
    layer = named(image, {"index": [1, 3], "class": ["oedema", "ventricle"]})
    target = tmp_path / "m.nii.gz"
    with pytest.raises(BadInput, match="'ventricle'"):
        write_mask(target, mask_of(layer, [image]), "1/2/4")
    assert not target.exists()
    saved = read_labels(write_mask(target, mask_of(layer, [image]), "1/2/3"))
    assert set(np.unique(saved.array)) == {0, 1, 3}


def test_what_the_layer_does_not_name_gets_no_name_of_another_scheme(image, tmp_path):
    layer = named(image, {"index": [1], "class": ["ventricle"]})
    path = write_mask(tmp_path / "m.seg.nrrd", mask_of(layer, [image]))
    assert [title for title, _ in titles(path).values()] == ["ventricle", "Label 3"]
    plain = write_mask(tmp_path / "p.seg.nrrd", mask_of(drawn(image), [image]))
    assert titles(plain)[3][0] == "enhancing tumour"


@pytest.mark.parametrize(
    "index", [[np.nan, 3.0], [np.inf, 3], ["one", 3], [1.5, 3], [None, 3], [-1, 3], [300, 3]]
)
def test_features_that_a_user_broke_do_not_keep_a_mask_from_being_saved(image, tmp_path, index):
    layer = named(image, {"index": index, "class": [np.nan, "rim\nenhancing  (ET)"]})
    path = write_mask(tmp_path / "m.seg.nrrd", mask_of(layer, [image]))
    assert titles(path)[3][0] == "rim enhancing"


def test_colours_are_those_on_screen_with_naparis_own_colormap_too(image, tmp_path):
    layer = named(image, {"index": [1, 3], "class": ["a", "b"]}, label_colormap(12))
    path = write_mask(tmp_path / "m.seg.nrrd", mask_of(layer, [image]))
    for value, (_, colour) in titles(path).items():
        shown = "#" + "".join(f"{round(255 * part):02x}" for part in layer.get_color(value)[:3])
        assert colour == shown


def test_an_open_image_is_never_replaced_by_a_mask(image):
    source = image.metadata["napari_acs"].source
    before = source.read_bytes()
    with pytest.raises(BadInput, match="one of the open images"):
        write_mask(source, mask_of(drawn(image), [image]), overwrite=True)
    assert source.read_bytes() == before


def test_who_drew_a_mask_is_told_by_comparing_it_with_the_prediction(image, grid):
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:3, 1:3, 1:3] = 3
    made_by = {"model": {"id": "m", "version": "2"}}
    info = replace(image.metadata["napari_acs"], provenance=made_by, prediction=labels.copy())
    layer = Layer.create(*labels_layer(labels, info, "segmentation"))
    assert _maker(mask_of(layer, [image])) == Maker("AUTOMATIC", "m", "2")
    layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 1)
    assert _maker(mask_of(layer, [image])) == Maker("SEMIAUTOMATIC", "m", "2")
    layer.undo()
    assert _maker(mask_of(layer, [image])).how == "AUTOMATIC"
    assert _maker(mask_of(drawn(image), [image])) == Maker("MANUAL")


def test_a_brain_mask_says_that_a_program_found_it(image, grid, tmp_path):
    mask = np.zeros(grid.shape, bool)
    mask[1:3, 1:3, 1:3] = True
    layer = Layer.create(*brain_layer(mask, image.metadata["napari_acs"], "case"))
    taken = mask_of(layer, [image])
    assert _maker(taken).how == "AUTOMATIC"
    path = write_mask(tmp_path / "b.seg.nrrd", taken, "1/2/4")
    assert titles(path) == {1: ("brain", "#4aa3ff")}
    layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 2)
    path = write_mask(tmp_path / "c.seg.nrrd", mask_of(layer, [image]))
    assert titles(path)[2][0] == "Label 2", "no oedema in a brain mask"


@pytest.mark.parametrize("suffix", [".nii.gz", ".seg.nrrd", ".mha"])
def test_a_file_that_is_there_stays_when_the_new_one_cannot_be_proved(
    image, tmp_path, monkeypatch, suffix
):
    target = tmp_path / f"m{suffix}"
    target.write_bytes(b"yesterday's mask")
    mask = mask_of(drawn(image), [image])

    def other(draft, suffix, grid):
        found = reread(draft, suffix, grid)
        return replace(found, labels=found.labels[::-1])

    monkeypatch.setattr("napari_acs.imaging.labels.write.reread", other)
    with pytest.raises(BadInput, match="would not read back"):
        write_mask(target, mask, overwrite=True)
    monkeypatch.setattr("napari_acs.imaging.labels.write.encode", _full_disk)
    with pytest.raises(BadInput, match="No space left"):
        write_mask(target, mask, overwrite=True)
    assert target.read_bytes() == b"yesterday's mask"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def _full_disk(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("ending", [".dcm", ".rtstruct.dcm"])
def test_dicom_is_refused_for_a_study_that_is_none(image, tmp_path, ending):
    layer = drawn(image)
    path = tmp_path / f"m{ending}"
    with pytest.raises(BadInput, match="not read from DICOM"):
        write_mask(path, mask_of(layer, [image]))
    with pytest.raises(RuntimeError, match=r"lies on no image|not read from DICOM"):
        write_labels_layer(str(path), layer.data, layer.as_layer_data_tuple()[1])
    assert not path.exists()


def test_a_folder_that_may_not_be_written_to_is_refused(image, tmp_path, monkeypatch):
    mask = mask_of(drawn(image), [image])

    def sealed(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("napari_acs.imaging.labels.write.encode", sealed)
    with pytest.raises(BadInput, match="Permission denied"):
        write_mask(tmp_path / "m.mha", mask)
    assert [path for path in tmp_path.iterdir() if path.suffix == ".mha"] == []
