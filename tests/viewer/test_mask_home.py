"""Masks opened alone: on the open image that they were drawn on, or where they say themselves."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from imaging.dicom.study import SECOND, phantom, write_sequences
from imaging.dicom.write import assert_names_nobody, write_series
from napari.layers import Image, Labels, Layer

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume, from_lps, read_labels, save_labels
from napari_acs.imaging.candidate import MaskFile
from napari_acs.imaging.labels.segments import Maker, SegmentName
from napari_acs.viewer.info import LayerInfo, info_in
from napari_acs.viewer.mask_home import lay
from napari_acs.viewer.masks import mask_of, save_mask
from napari_acs.viewer.reader import read

SEGMENTS = [
    SegmentName(1, "NCR", "necrotic and non-enhancing core", "#d62728"),
    SegmentName(7, "cyst", "cyst of the left side", "#00ffaa"),
]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """T1 and T2 of one study on two grids, and masks drawn on the T2, elsewhere on the disk."""
    root = tmp_path_factory.mktemp("study")
    volumes = {key: phantom()[key] for key in ("t1", "t2")}
    t2 = volumes["t2"]
    thick = replace(t2.grid, size=(*t2.grid.size[:2], 22), spacing=(4.0, 4.0, 8.0))
    volumes["t2"] = Volume(np.ascontiguousarray(t2.array[::2]), thick)
    folder = root / "DOE_JANE"
    write_sequences(folder, volumes)
    layers = read(str(folder))
    infos = {
        a["metadata"]["napari_acs"].sequence: a["metadata"]["napari_acs"] for _, a, _ in layers
    }
    labels = np.zeros(thick.shape, np.uint8)
    labels[8:12, 20:26, 20:27] = 1
    labels[10:14, 28:33, 20:27] = 7
    home = infos["t2"]
    files = {}
    (root / "masks").mkdir()
    for name in ("DOE_JANE.dcm", "DOE_JANE.rtstruct.dcm", "DOE_JANE.seg.nrrd", "seg.nii.gz"):
        files[name.partition(".")[2]] = save_labels(
            root / "masks" / name,
            labels,
            home.grid,
            segments=SEGMENTS,
            dicom=home.dicom,
            maker=Maker("MANUAL"),
        ).file
    return folder, layers, infos, labels, files


@pytest.fixture
def opened(study, make_napari_viewer, acs_plugin):
    viewer = make_napari_viewer()
    for layer in study[1]:
        viewer.add_layer(Layer.create(*layer))
    return viewer


@pytest.mark.parametrize("kind", ["dcm", "rtstruct.dcm", "seg.nrrd", "nii.gz"])
def test_a_mask_lands_on_the_image_it_was_drawn_on_and_can_be_saved_again(
    study, opened, kind, tmp_path
):
    _, _, infos, labels, files = study
    (layer,) = opened.open(str(files[kind]), plugin="napari-acs")
    assert isinstance(layer, Labels)
    info = info_in(layer.metadata)
    assert info.grid == infos["t2"].grid
    assert info.dicom == infos["t2"].dicom
    assert info.study == infos["t2"].study
    np.testing.assert_array_equal(from_lps(layer.data, info.grid), labels)
    image = next(i for i in opened.layers if isinstance(i, Image) and i.name.startswith("T2"))
    np.testing.assert_allclose(layer.translate, image.translate)
    if kind != "nii.gz":
        classes = dict(zip(layer.features["index"], layer.features["class"], strict=True))
        assert classes[7] == "cyst of the left side (cyst)"
        np.testing.assert_allclose(layer.get_color(7)[:3], (0, 1, 2 / 3), atol=0.02)
    mask = mask_of(layer, opened.layers)
    for target in ("again.dcm", "again.rtstruct.dcm", "again.nii.gz"):
        proof = save_mask(tmp_path / target, mask)
        assert proof.file.exists()
    back = read_labels(tmp_path / "again.nii.gz")
    np.testing.assert_array_equal(back.array, labels)
    if kind.endswith("dcm"):
        assert_names_nobody(f"{layer.name} {info!r}")


def test_a_seg_beside_the_images_is_a_mask_and_opens_no_study(study, opened, tmp_path):
    folder, _, infos, labels, files = study
    beside = folder / "4" / "seg.dcm"
    shutil.copy(files["dcm"], beside)
    try:
        (layer,) = opened.open(str(beside), plugin="napari-acs")
    finally:
        beside.unlink()
    assert isinstance(layer, Labels)
    np.testing.assert_array_equal(from_lps(layer.data, infos["t2"].grid), labels)


def test_without_its_study_a_seg_lies_on_its_own_grid_and_contours_are_refused(study):
    _, _, infos, labels, files = study
    ((data, attributes, kind),) = read(str(files["dcm"]))
    info = attributes["metadata"]["napari_acs"]
    assert kind == "labels"
    assert info.dicom is None
    assert data.sum() == labels.sum()
    assert info.study == infos["t2"].study
    assert_names_nobody(attributes["name"] + repr(info))
    with pytest.raises(BadInput, match="Open the study first"):
        read(str(files["rtstruct.dcm"]))


@pytest.mark.parametrize("kind", ["dcm", "rtstruct.dcm"])
def test_a_mask_never_lands_on_another_patients_dicom(study, tmp_path, kind):
    _, _, infos, _, files = study
    t2 = Volume(np.ones(infos["t2"].grid.shape, np.int16), infos["t2"].grid)
    write_series(tmp_path / "x", t2, description="t2_tse", study_uid=SECOND)
    ((_, attributes, _),) = read(str(tmp_path / "x"))
    other = attributes["metadata"]["napari_acs"]
    assert other.grid.difference(infos["t2"].grid) is None
    if kind == "dcm":
        ((_, attributes, _),) = read(str(files[kind]), [other])
        assert attributes["metadata"]["napari_acs"].dicom is None
        assert attributes["metadata"]["napari_acs"].study != other.study
    else:
        with pytest.raises(BadInput, match="Open the study first"):
            read(str(files[kind]), [other])


def test_the_series_a_mask_refers_to_comes_before_others_that_fit(study):
    _, _, infos, _, files = study
    twin = replace(infos["t2"], dicom=replace(infos["t2"].dicom, files=infos["t1"].dicom.files))
    ((_, attributes, _),) = read(str(files["dcm"]), [twin, infos["t2"]])
    assert attributes["metadata"]["napari_acs"].dicom == infos["t2"].dicom


def test_an_image_of_the_study_that_is_no_dicom_will_do(study):
    _, _, infos, labels, files = study
    plain = LayerInfo(infos["t2"].grid, None, "case", "t2")
    for kind in ("dcm", "rtstruct.dcm"):
        ((data, attributes, _),) = read(str(files[kind]), [plain])
        assert attributes["metadata"]["napari_acs"].grid == plain.grid
        np.testing.assert_array_equal(from_lps(data, plain.grid), labels)


def test_where_two_patients_would_do_the_mask_is_nobodys(study):
    _, _, infos, _, files = study
    homes = [LayerInfo(infos["t2"].grid, None, name, "t2") for name in ("anna", "berta")]
    file, info = lay(MaskFile(files["nii.gz"]), homes)
    assert info.study == files["nii.gz"].parent.name
    assert file.volume.grid == info.grid
    _, info = lay(MaskFile(files["nii.gz"]), homes[:1])
    assert info.study == "anna"


def test_the_patient_whose_folder_a_mask_lies_in_comes_first(study):
    _, _, infos, _, files = study
    beside = files["nii.gz"].parent / "t2.nii.gz"
    homes = [
        LayerInfo(infos["t2"].grid, None, "anna", "t2"),
        LayerInfo(infos["t2"].grid, beside, "berta", "t2"),
    ]
    assert lay(MaskFile(files["nii.gz"]), homes)[1].study == "berta"


def test_contours_between_the_slices_of_their_study_say_so(study):
    _, _, infos, _, files = study
    x, y, z = infos["t2"].grid.origin
    moved = replace(infos["t2"], grid=replace(infos["t2"].grid, origin=(x, y, z + 3.5)))
    with pytest.raises(BadInput, match="between the slices"):
        read(str(files["rtstruct.dcm"]), [moved])


def test_a_mask_in_the_study_opens_with_it_and_a_bad_one_hides_no_image(study, tmp_path):
    folder, _, infos, labels, files = study
    for number in ("2", "4"):
        shutil.copytree(folder / number, tmp_path / "case" / number)
    shutil.copy(files["dcm"], tmp_path / "case" / "a.dcm")
    shutil.copy(files["rtstruct.dcm"], tmp_path / "case" / "b.dcm")
    layers = read(str(tmp_path / "case"))
    assert [kind for *_, kind in layers] == ["image", "image", "labels", "labels"]
    for data, attributes, _ in layers[2:]:
        np.testing.assert_array_equal(from_lps(data, infos["t2"].grid), labels)
        assert_names_nobody(attributes["name"])
    damaged = (tmp_path / "case" / "b.dcm").read_bytes()
    (tmp_path / "case" / "b.dcm").write_bytes(damaged.replace(b"CLOSED_PLANAR", b"OPEN_NONPLAN "))
    refusals = []
    layers = read(str(tmp_path / "case"), refused=refusals.append)
    assert [kind for *_, kind in layers] == ["image", "image", "labels"]
    assert "outlines nothing" in refusals[0].sentence()


def test_a_mask_beside_images_that_are_closed_is_not_given_to_another_patient(
    tmp_path, grid, write_image
):
    """All cases of BraTS have one grid: it was named after, and saved beside, the wrong one."""
    voxels = np.arange(np.prod(grid.shape), dtype=np.int16).reshape(grid.shape)
    mask = np.zeros(grid.shape, np.uint8)
    mask[2:4, 2:4, 2:4] = 1
    for number, patient in enumerate(("p1", "p2")):
        (tmp_path / patient).mkdir()
        write_image(tmp_path / patient / "t1.nii.gz", voxels + np.int16(number), grid)
    (tmp_path / "masks").mkdir()
    for folder in ("p1", "masks"):
        write_image(tmp_path / folder / "seg.nii.gz", mask, grid)
    ((_, attributes, _),) = read(str(tmp_path / "p2" / "t1.nii.gz"))
    open_now = [info_in(attributes["metadata"])]
    ((_, attributes, _),) = read(str(tmp_path / "p1" / "seg.nii.gz"), open_now)
    info = info_in(attributes["metadata"])
    assert info.study == "p1"
    assert info.home.source == tmp_path / "p1" / "seg.nii.gz"
    # a folder of masks alone says nothing of whose they are
    ((_, attributes, _),) = read(str(tmp_path / "masks" / "seg.nii.gz"), open_now)
    assert info_in(attributes["metadata"]).study == "p2"


def test_a_copy_of_the_image_beside_a_mask_is_that_image(tmp_path, grid, write_image):
    """Images that were copied to a folder of their own, and opened there."""
    (tmp_path / "case").mkdir()
    (tmp_path / "work").mkdir()
    voxels = np.arange(np.prod(grid.shape), dtype=np.int16).reshape(grid.shape)
    image = write_image(tmp_path / "case" / "t1.nii.gz", voxels, grid)
    write_image(tmp_path / "case" / "seg.nii.gz", np.ones(grid.shape, np.uint8), grid)
    shutil.copy(image, tmp_path / "work" / "a.nii.gz")
    ((_, attributes, _),) = read(str(tmp_path / "work" / "a.nii.gz"))
    home = info_in(attributes["metadata"])
    ((_, attributes, _),) = read(str(tmp_path / "case" / "seg.nii.gz"), [home])
    info = info_in(attributes["metadata"])
    assert info.study == "work"
    assert info.home == home
