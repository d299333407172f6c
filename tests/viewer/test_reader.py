"""Files and folders through npe2, as napari opens them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from imaging.dicom.series_for_seg import as_dicom
from imaging.dicom.write import assert_names_nobody, write_series
from napari.utils.notifications import notification_manager
from npe2 import io_utils
from pydicom.uid import generate_uid

from napari_acs.errors import BadInput
from napari_acs.imaging import from_lps, read_volume
from napari_acs.imaging.dicom import preamble
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


def test_a_huge_tree_is_not_searched_to_find_that_it_is_none_of_ours(tmp_path, monkeypatch):
    for number in range(300):
        (tmp_path / f"{number:03}" / "below").mkdir(parents=True)
        for file in range(3):
            (tmp_path / f"{number:03}" / f"{file}.txt").write_text("no image at all")
    opened = []
    original = preamble.begins_as_dicom
    monkeypatch.setattr(preamble, "begins_as_dicom", lambda p: opened.append(p) or original(p))
    assert get_reader(str(tmp_path)) is None
    assert 0 < len(opened) <= 200
    for path in tmp_path.rglob("*.txt"):
        path.unlink()
    scanned = []
    entries = preamble.entries_of
    monkeypatch.setattr(preamble, "entries_of", lambda p: scanned.append(p) or entries(p))
    assert get_reader(str(tmp_path)) is None
    assert len(scanned) <= 201


def test_dicom_is_told_from_what_only_ends_so(tmp_path, grid):
    files = write_series(tmp_path / "t1", np.ones(grid.shape, np.int16), as_dicom(grid))
    no_dicom = {
        "text.dcm": b"notes of a meeting " * 20,
        "two_bytes.dcm": b"\x08\x00" + b"\xff" * 200,
        "short.dcm": b"\x08\x00",
        "empty.dcm": b"",
    }
    for name, content in no_dicom.items():
        (tmp_path / name).write_bytes(content)
        assert get_reader(str(tmp_path / name)) is None, name
    assert get_reader(str(files[0])) is not None
    bare = tmp_path / "bare.dcm"  # as old software wrote it, from group 0008 on
    bare.write_bytes(b"\x08\x00\x05\x00CS\n\x00ISO_IR 100" + b"\0" * 200)
    assert get_reader(str(bare)) is not None


def test_zips_of_anything_else_are_left_to_others(tmp_path, grid):
    files = write_series(tmp_path / "t1", np.ones(grid.shape, np.int16), as_dicom(grid))
    good, other, cut = (tmp_path / f"{name}.zip" for name in ("good", "other", "cut"))
    with zipfile.ZipFile(good, "w") as archive:
        for number in range(50):
            archive.writestr(f"viewer/{number}.dll", "MZ no image")
        archive.write(files[0], "DICOM/0")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("t1.tif", "no image")
    whole = bytearray(good.read_bytes())
    whole[60:70] = b"\xff" * 10
    cut.write_bytes(whole[:-30])
    assert get_reader(str(good)) is not None
    assert get_reader(str(other)) is None
    assert get_reader(str(cut)) is None


def test_a_folder_that_may_not_be_read_is_none_of_ours(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(preamble.os, "scandir", refuse)
    assert get_reader(str(tmp_path)) is None


def test_the_slices_of_one_series_open_it_once(acs_plugin, make_napari_viewer, tmp_path, grid):
    files = write_series(tmp_path / "x", np.ones(grid.shape, np.int16), as_dicom(grid))
    names = [str(file) for file in files]
    assert len(read(names)) == 1
    viewer = make_napari_viewer()
    viewer.open(names, plugin="napari-acs")  # napari's way with files that are dropped together
    assert len(viewer.layers) == 1


def test_two_studies_under_one_folder_are_refused_on_the_canvas(tmp_path, grid):
    for number in (1, 2):
        write_series(
            tmp_path / f"DOE{number}",
            np.ones(grid.shape, np.int16),
            as_dicom(grid),
            study_uid=generate_uid(),
        )
    with pytest.raises(BadInput, match="several DICOM studies") as refusal:
        read(str(tmp_path))
    assert "Segment panel" in refusal.value.sentence()
    assert_names_nobody(str(refusal.value))


def test_unknown_series_are_opened_as_images_and_nothing_at_all_is_a_sentence(tmp_path, grid):
    array = np.ones(grid.shape, np.int16)
    silent = dict.fromkeys(("EchoTime", "RepetitionTime", "ScanningSequence"))
    write_series(tmp_path / "a" / "x", array, as_dicom(grid), description="x", **silent)
    ((_, attributes, _),) = read(str(tmp_path / "a"))
    assert attributes["name"].startswith("5: x study-")
    assert attributes["metadata"]["napari_acs"].sequence is None
    write_series(tmp_path / "b", array, as_dicom(grid), description="localizer")
    with pytest.raises(BadInput, match="localizer"):
        read(str(tmp_path / "b"))


def test_a_zip_lives_until_the_program_ends(tmp_path, grid):
    for file in write_series(tmp_path / "t2", np.ones(grid.shape, np.int16), as_dicom(grid)):
        with zipfile.ZipFile(tmp_path / "DOE_JANE.zip", "a") as archive:
            archive.write(file, f"DOE/{file.name}")
    code = (
        "import sys; from pathlib import Path; from napari_acs.viewer.reader import read\n"
        "(_, attributes, _), = read(sys.argv[1])\n"
        "files = attributes['metadata']['napari_acs'].dicom.files\n"
        "assert all(file.is_file() for file in files)\n"
        "print(files[0])"
    )
    (tmp_path / "tmp").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "DOE_JANE.zip")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": ":".join(sys.path)},
    )
    place = done.stdout.strip()
    assert place.startswith(str(tmp_path / "tmp"))
    assert_names_nobody(place.removeprefix(str(tmp_path)))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_refused_zip_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(BadInput, match=r"\.zip cannot be opened"):
        read(str(tmp_path / "bad.zip"))
    assert [path.name for path in tmp_path.iterdir()] == ["bad.zip"]


@pytest.mark.parametrize("name", ["Ergebnis.nii.gz", "patient1_t1ce_final.nrrd"])
def test_a_mask_under_a_name_of_the_users_own_opens_as_a_mask(tmp_path, grid, write_image, name):
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:3, 1:3, 1:3] = (2, 4)
    ((data, attributes, kind),) = read(str(write_image(tmp_path / name, labels, grid)))
    assert kind == "labels"
    assert np.array_equal(from_lps(data, attributes["metadata"]["napari_acs"].grid), labels)


def test_an_image_of_few_grey_values_is_no_mask(tmp_path, grid, write_image):
    for number, values in enumerate(([100, 7], np.arange(40), [0, 400], [-1, 0, 2])):
        array = np.resize(np.array(values, np.int16), grid.shape)
        ((_, _, kind),) = read(str(write_image(tmp_path / f"{number}.nii.gz", array, grid)))
        assert kind == "image", values
