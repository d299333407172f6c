"""Files and folders through npe2, as napari opens them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from napari.utils.notifications import notification_manager
from npe2 import io_utils

from napari_acs.errors import BadInput
from napari_acs.imaging import from_lps, read_volume
from napari_acs.viewer.reader import get_reader, read


@pytest.fixture
def study(tmp_path, grid, write_image):
    folder = tmp_path / "post_T1_followup"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("x_t1n", "x-t1c", "x_fla"):
        write_image(folder / f"{name}.nii.gz", rng.integers(0, 99, grid.shape).astype("i2"), grid)
    write_image(folder / "x_seg.nii.gz", rng.integers(0, 4, grid.shape).astype("u1"), grid)
    (folder / "notes.txt").write_text("not an image")
    return folder


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha", ".mhd", ".NII.GZ"])
def test_each_format_opens_as_an_image_with_its_grid(
    acs_plugin, tmp_path, grid, write_image, suffix
):
    array = np.random.default_rng(1).integers(-5, 99, grid.shape).astype(np.int16)
    path = write_image(tmp_path / f"case_t2{suffix.lower()}", array, grid)
    if suffix != suffix.lower():
        path = path.rename(tmp_path / f"case_t2{suffix}")
    ((data, attributes, kind),) = io_utils.read([str(path)], stack=False, plugin_name="napari-acs")
    info = attributes["metadata"]["napari_acs"]
    assert kind == "image"
    assert data.dtype == np.int16
    assert np.array_equal(from_lps(data, info.grid), array)
    assert info.grid.difference(grid) is None
    assert (info.source, info.sequence, attributes["name"]) == (path, "t2", "case_t2")


def test_a_study_folder_opens_as_one_layer_a_sequence_and_its_mask(acs_plugin, study):
    layers = io_utils.read([str(study)], stack=False, plugin_name="napari-acs")
    assert [(a["name"], kind) for _, a, kind in layers] == [
        ("T1 post_T1_followup", "image"),
        ("T1ce post_T1_followup", "image"),
        ("FLAIR post_T1_followup", "image"),
        ("mask post_T1_followup", "labels"),
    ]


def test_sequences_on_other_grids_open_each_where_it_lies(study, grid, write_image):
    other = replace(grid, spacing=(0.9, 0.9, 5.0))
    write_image(study / "x_t2.nii.gz", np.ones(other.shape, np.int16), other)
    grids = [a["metadata"]["napari_acs"].grid for _, a, _ in read(str(study))]
    assert [g.difference(grid) is None for g in grids] == [True, True, False, True, True]


def test_other_readers_get_what_is_no_study(tmp_path, study):
    empty = tmp_path / "empty"
    empty.mkdir()
    tiffs = tmp_path / "tiffs"
    tiffs.mkdir()
    (tiffs / "t1.tif").touch()
    masks = tmp_path / "masks"
    masks.mkdir()
    (masks / "case_seg.nii.gz").touch()
    for path in (empty, tiffs, masks, tiffs / "t1.tif", tmp_path / "absent.nii.gz"):
        assert get_reader(str(path)) is None, path
    assert get_reader([str(study), str(tiffs)]) is None
    assert get_reader(str(study)) is not None


def test_several_files_open_together(study):
    files = [str(study / "x_t1n.nii.gz"), str(study / "x_seg.nii.gz")]
    layers = get_reader(files)(files)
    assert [kind for *_, kind in layers] == ["image", "labels"]


def test_a_damaged_file_is_refused_by_name(tmp_path):
    path = tmp_path / "broken_t1.nii.gz"
    path.write_bytes(b"\x1f\x8b not a gzip")
    said = []
    with notification_manager:
        notification_manager.notification_ready.connect(lambda n: said.append(n.message))
        with pytest.raises(BadInput, match=r"broken_t1\.nii\.gz"):
            get_reader(str(path))(str(path))
    assert "broken_t1.nii.gz" in said[0]


@needs_shared_data
def test_a_real_case_comes_back_voxel_by_voxel():
    folder = SHARED_DATA / "brats2021" / "BraTS2021_01485"
    layers = read(str(folder))
    assert [kind for *_, kind in layers] == ["image"] * 4 + ["labels"]
    for data, attributes, _ in layers:
        info = attributes["metadata"]["napari_acs"]
        source = read_volume(info.source)
        assert source.grid == info.grid
        assert np.array_equal(from_lps(data, info.grid), source.array)


@needs_shared_data
def test_real_nrrd_with_thick_slices_lies_as_its_header_says():
    path = SHARED_DATA / "nrrd-two-rois" / "1_image.nrrd"
    ((_, attributes, _),) = read(str(path))
    assert attributes["scale"][0] == pytest.approx(6.5, abs=0.01)
    assert attributes["scale"][1:] == pytest.approx((0.78, 0.78), abs=0.01)
