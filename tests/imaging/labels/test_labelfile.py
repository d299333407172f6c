"""Masks in every format: saved with a proof, read back, and agreed on by other libraries."""

from __future__ import annotations

import subprocess
import sys

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from conftest import SHARED_DATA, needs_shared_data
from hypothesis import given, settings
from hypothesis import strategies as st
from imaging.dicom.series_for_seg import as_dicom, write_multiframe, write_series
from imaging.geometries import ORIENTATIONS, make_grid, origins, spacings, tilts, to_image

from napari_acs.errors import BadInput
from napari_acs.imaging import read_grid
from napari_acs.imaging.labels.labelfile import read_segments
from napari_acs.imaging.labels.segments import SegmentName
from napari_acs.imaging.labels.write import save_labels

VOXEL_FORMATS = (".nii", ".nii.gz", ".nrrd", ".seg.nrrd", ".mha")
DICOM_FORMATS = (".dcm", ".rtstruct.dcm")
NAMES = (
    SegmentName(1, "NCR", "necrotic and non-enhancing core", "#d62728"),
    SegmentName(2, "ED", "oedema", "#00a08a"),
    SegmentName(4, "ET", "enhancing tumour", "#ffd400"),
)
geometries = st.tuples(st.sampled_from(ORIENTATIONS), spacings, origins, tilts)


def some_labels(seed, shape=(4, 5, 6)):
    """Draw labels 0, 1, 2, 4 at random: single voxels, holes and diagonal contacts among them."""
    labels = np.random.default_rng(seed).choice([0, 0, 1, 2, 4], shape).astype(np.uint8)
    labels[0, 0, 0] = 1
    return labels


def refused(*parts):
    return pytest.raises(BadInput, match=r"(?s)" + "".join(f"(?=.*{part})" for part in parts))


@pytest.mark.parametrize(
    ("suffix", "write"),
    [(suffix, None) for suffix in VOXEL_FORMATS]
    + [(suffix, write) for suffix in DICOM_FORMATS for write in (write_series, write_multiframe)],
)
@settings(max_examples=25)
@given(geometry=geometries, seed=st.integers(0, 99))
def test_saved_and_read_back_in_every_geometry(suffix, write, tmp_path_factory, geometry, seed):
    folder = tmp_path_factory.mktemp("round")
    grid, labels = as_dicom(make_grid(*geometry)), some_labels(seed)
    dicom = write(folder, grid) if write else None
    proof = save_labels(folder / f"mask{suffix}", labels, grid, segments=NAMES, dicom=dicom)
    assert proof.largest_deviation_mm <= 0.01 * min(grid.spacing)
    assert proof.sentence() == (
        f"Verified: reread from mask{suffix}, {len(proof.labels)} labels in the same place "
        f"(centroids within {proof.largest_deviation_mm:.2f} mm), volumes equal"
    )
    back = read_segments(proof.file, grid)
    np.testing.assert_array_equal(back.volume.array, labels)
    assert back.volume.grid == grid
    assert back.volume.array.dtype == np.uint8
    for one in proof.labels:
        inside = np.argwhere(labels == one.value)
        assert one.voxels == len(inside)
        assert one.volume_ml == pytest.approx(len(inside) * grid.voxel_ml, rel=1e-4)
        centroid = grid.index_to_point([inside.mean(axis=0)[::-1]])[0]
        np.testing.assert_allclose(one.centroid_lps_mm, centroid, atol=2e-3)
    if suffix in {".nrrd", ".seg.nrrd", *DICOM_FORMATS}:
        there = {segment.value for segment in back.segments}
        assert back.segments == tuple(name for name in NAMES if name.value in there)
    if suffix in VOXEL_FORMATS:
        assert read_segments(proof.file).volume.grid.difference(grid) is None


@settings(max_examples=15)
@given(geometry=geometries, seed=st.integers(0, 99))
def test_libraries_agree_where_a_voxel_is(tmp_path_factory, geometry, seed):
    highdicom = pytest.importorskip("highdicom")
    pydicom = pytest.importorskip("pydicom")
    folder = tmp_path_factory.mktemp("agree")
    grid, labels = as_dicom(make_grid(*geometry)), some_labels(seed)
    dicom = write_series(folder, grid)
    paths = {
        suffix: save_labels(folder / f"m{suffix}", labels, grid, dicom=dicom).file
        for suffix in (".nii.gz", ".nrrd", ".mha", ".dcm")
    }
    index = np.argwhere(labels)[:, ::-1]
    index = index[np.random.default_rng(seed).permutation(len(index))[:10]]  # x y z
    expected = grid.index_to_point(index)
    by_nibabel = nibabel.affines.apply_affine(nibabel.load(paths[".nii.gz"]).affine, index)
    np.testing.assert_allclose(by_nibabel * [-1, -1, 1], expected, atol=2e-3)
    for suffix in (".nii.gz", ".nrrd", ".mha"):
        image = sitk.ReadImage(str(paths[suffix]))
        points = [image.TransformIndexToPhysicalPoint([int(i) for i in one]) for one in index]
        np.testing.assert_allclose(points, expected, atol=2e-3)
        for one in index.tolist():
            assert image[one] == labels[tuple(reversed(one))]

    seg = pydicom.dcmread(paths[".dcm"])
    by_pydicom = {}
    for frame, pixels in zip(seg.PerFrameFunctionalGroupsSequence, seg.pixel_array, strict=True):
        at = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float)
        shared = seg.SharedFunctionalGroupsSequence[0]
        turn = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
        rows, columns = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
        number = int(frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        for row, column in np.argwhere(pixels):
            point = at + column * columns * turn[:3] + row * rows * turn[3:]
            by_pydicom[tuple(np.round(point, 3))] = number
    values = np.unique(labels[labels != 0]).tolist()
    assert len(by_pydicom) == np.count_nonzero(labels)
    for (x, y, z), point in zip(index, expected, strict=True):
        near = min(by_pydicom, key=lambda other, at=point: np.linalg.norm(np.subtract(other, at)))
        np.testing.assert_allclose(near, point, atol=2e-3)
        assert values[by_pydicom[near] - 1] == labels[z, y, x]

    volume = highdicom.seg.segread(paths[".dcm"]).get_volume(combine_segments=True)
    there = np.argwhere(volume.array)
    found = volume.map_indices_to_reference(there)
    wanted = grid.index_to_point(np.argwhere(labels)[:, ::-1])
    numbers = [values.index(value) + 1 for value in labels[labels != 0].tolist()]
    assert len(found) == len(wanted)
    apart = np.linalg.norm(found[:, None] - wanted[None], axis=2)
    assert apart.min(axis=0).max() < 2e-3
    assert volume.array[tuple(there[apart.argmin(axis=0)].T)].tolist() == numbers


@needs_shared_data
@pytest.mark.parametrize("suffix", VOXEL_FORMATS + DICOM_FORMATS)
def test_on_the_oblique_grid_of_a_real_scan(tmp_path, suffix):
    scan = next((SHARED_DATA / "tcga-lgg-native/TCGA-FG-6692").glob("MRHR_FLAIR*.nii.gz"))
    grid = as_dicom(read_grid(scan))
    zyx = np.stack(np.indices(grid.shape), axis=-1)
    away = np.linalg.norm((zyx - np.array(grid.shape) / 2) * grid.spacing[::-1], axis=-1)
    labels = np.select([away < 8, away < 14, away < 25], [1, 4, 2]).astype(np.uint8)
    dicom = write_series(tmp_path, grid) if suffix in DICOM_FORMATS else None
    proof = save_labels(
        tmp_path / f"m{suffix}", labels, grid, segments=NAMES, dicom=dicom, source=scan
    )
    assert proof.largest_deviation_mm < 1e-4
    np.testing.assert_array_equal(read_segments(proof.file, grid).volume.array, labels)


def test_what_a_study_without_dicom_cannot_be_saved_as(tmp_path):
    with refused("DICOM SEG", "not read from DICOM"):
        save_labels(tmp_path / "mask.dcm", some_labels(0), make_grid())
    with refused("DICOM RTSTRUCT", "not read from DICOM"):
        save_labels(tmp_path / "mask.rtstruct.dcm", some_labels(0), make_grid())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", DICOM_FORMATS)
def test_an_empty_mask_is_no_dicom_object(tmp_path, suffix):
    grid = make_grid()
    dicom = write_series(tmp_path, grid)
    with refused("no labels", "NIfTI or NRRD"):
        save_labels(tmp_path / f"mask{suffix}", np.zeros(grid.shape, int), grid, dicom=dicom)


@pytest.mark.parametrize("suffix", VOXEL_FORMATS)
def test_an_empty_mask_is_proven_too(tmp_path, suffix):
    grid = make_grid()
    proof = save_labels(tmp_path / f"mask{suffix}", np.zeros(grid.shape, int), grid)
    assert "no labels" in proof.sentence()
    assert read_segments(proof.file).segments == ()


def test_labels_without_a_name_get_a_number(tmp_path):
    proof = save_labels(tmp_path / "mask.seg.nrrd", some_labels(0), make_grid(), segments=NAMES[:1])
    titles = [segment.title for segment in read_segments(proof.file).segments]
    assert titles == ["necrotic and non-enhancing core", "Label 2", "Label 4"]


def test_two_names_for_one_number_are_refused(tmp_path):
    twice = (NAMES[0], SegmentName(1, "X", "other"))
    with refused("number 1", "'other'"):
        save_labels(tmp_path / "mask.nrrd", some_labels(0), make_grid(), segments=twice)


@pytest.mark.parametrize("bad", [{"value": 0}, {"colour": "red"}, {"title": " "}])
def test_a_segment_name_that_makes_no_sense(bad):
    with pytest.raises(ValueError, match=r"segment|colour"):
        SegmentName(**{"value": 1, "name": "a", "title": "b", **bad})


def test_a_mask_in_another_voxel_order_or_cropped_comes_back_to_the_study(tmp_path):
    grid = make_grid(tilt=(0.1, 0.2, 0.3), spacing=(0.5, 1, 3))
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:3, 2:4, 1:5] = np.arange(1, 17).reshape(2, 2, 4)
    image = to_image(labels, grid)
    flipped = sitk.Flip(sitk.PermuteAxes(image, (2, 0, 1)), (True, False, True))
    cropped = sitk.RegionOfInterest(flipped, (3, 5, 3), (0, 0, 1))
    padded = sitk.ConstantPad(image, (2, 1, 0), (0, 3, 1), 0)
    for number, other in enumerate((flipped, cropped, padded)):
        path = tmp_path / f"{number}.nrrd"
        sitk.WriteImage(other, str(path))
        back = read_segments(path, grid)
        np.testing.assert_array_equal(back.volume.array, labels)
        assert back.volume.grid == grid


def test_a_mask_that_is_elsewhere_is_refused(tmp_path):
    labels = some_labels(0)
    path = save_labels(tmp_path / "mask.nrrd", labels, make_grid()).file
    with refused("mask.nrrd", "does not lie on the study's voxels"):
        read_segments(path, make_grid(origin=(0.5, 0, 0)))
    with refused("mask.nrrd", "turned by"):
        read_segments(path, make_grid(tilt=(0.1, 0, 0)))
    with refused("mask.nrrd", "reaches beyond", "outside"):
        read_segments(path, make_grid(origin=(2.0, 0, 0)))


def test_what_is_no_mask_file(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with refused("a.txt", "no mask file"):
        read_segments(tmp_path / "a.txt")
    with refused("no such file"):
        read_segments(tmp_path / "gone.dcm")
    dicom = write_series(tmp_path, make_grid())
    with refused("image000.dcm", "another kind", r"\(MR\)"):
        read_segments(dicom.files[0])


def test_importing_the_room_loads_no_dicom_library():
    code = (
        "import sys, napari_acs.imaging, napari_acs.imaging.labels.write;"
        "import napari_acs.imaging.labels.labelfile;"
        "assert not {'pydicom', 'highdicom'} & {*sys.modules}, 'loaded'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
