"""Voxels and grid come back exactly, whatever way the slices lie and were stored."""

from __future__ import annotations

import tempfile
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from conftest import SHARED_DATA, needs_shared_data
from hypothesis import given, settings
from hypothesis import strategies as st
from imaging.dicom.write import GE, PHILIPS, SIEMENS, write_enhanced, write_series
from imaging.geometries import ORIENTATIONS, make_grid, noise, origins, spacings, tilts
from pydicom.data import get_testdata_file

from napari_acs.imaging import Grid, read_volume, write_labels
from napari_acs.imaging.dicom import find_series, read_series

OBLIQUE = make_grid(ORIENTATIONS[0], (0.9, 0.8, 5.5), (-101.25, 33.5, -60.0), (0.2, -0.3, 0.1))
BIG_ENDIAN, IMPLICIT, EXPLICIT = (f"1.2.840.10008.1.2{end}" for end in (".2", "", ".1"))


def right_handed(array, grid):
    """Turn z round where a grid is left-handed: slices are read along their normal."""
    direction = np.reshape(grid.direction, (3, 3))
    if np.linalg.det(direction) > 0:
        return array, grid
    last = grid.index_to_point([(0, 0, grid.size[2] - 1)])[0]
    turned = direction * np.array([1, 1, -1])
    return array[::-1], Grid(grid.size, grid.spacing, tuple(last), tuple(turned.ravel()))


def by_sitk(folder):
    reader = sitk.ImageSeriesReader()
    (uid,) = reader.GetGDCMSeriesIDs(str(folder))
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), uid))
    return reader.Execute()


def read_one(folder):
    (series,) = find_series(folder)
    assert not series.problem, series.problem
    volume = read_series(series)
    assert series.size == volume.grid.size
    assert series.spacing == volume.grid.spacing
    return volume


def check(volume, array, grid):
    array, grid = right_handed(array, grid)
    assert grid.difference(volume.grid) is None
    np.testing.assert_array_equal(volume.array, array)


@settings(max_examples=40)
@given(
    orientation=st.sampled_from(ORIENTATIONS),
    spacing=spacings,
    origin=origins,
    tilt=tilts,
    size=st.tuples(st.integers(2, 6), st.integers(2, 6), st.integers(2, 6)),
    shuffle=st.booleans(),
    reverse=st.booleans(),
)
def test_any_grid_comes_back(orientation, spacing, origin, tilt, size, shuffle, reverse):
    grid = make_grid(orientation, spacing, origin, tilt, size)
    array = noise(grid.shape)
    with tempfile.TemporaryDirectory() as folder:
        files = write_series(Path(folder), array, grid, shuffle=shuffle, reverse=reverse)
        volume = read_one(folder)
        check(volume, array, grid)
        assert set(volume.dicom.files) == set(files)
        assert volume.array.dtype == np.int16
        # ITK takes the sign of z from the first two slices in its own order: the world is one.
        image = by_sitk(folder)
        ours, theirs = volume.grid, Grid.from_image(image)
        assert ours.difference(theirs) is None
        np.testing.assert_array_equal(sitk.GetArrayFromImage(image), volume.array)


@settings(max_examples=15)
@given(orientation=st.sampled_from(ORIENTATIONS), spacing=spacings, origin=origins, tilt=tilts)
def test_enhanced_comes_back(orientation, spacing, origin, tilt):
    grid = make_grid(orientation, spacing, origin, tilt)
    array = noise(grid.shape)
    with tempfile.TemporaryDirectory() as folder:
        write_enhanced(Path(folder) / "one.dcm", array, grid, order=[2, 0, 3, 1])
        volume = read_one(folder)
        check(volume, array, grid)
        assert len(volume.dicom.files) == 1


def test_files_are_in_order_of_z(tmp_path):
    files = write_series(tmp_path, noise(), OBLIQUE, shuffle=True)
    assert list(read_one(tmp_path).dicom.files) == files


def test_the_world_is_that_of_the_header(tmp_path):
    write_series(tmp_path, noise(), OBLIQUE)
    volume = read_one(tmp_path)
    for z, file in enumerate(volume.dicom.files):
        header = pydicom.dcmread(file)
        place = volume.grid.index_to_point([(0, 0, z)])[0]
        np.testing.assert_allclose(
            place, [float(v) for v in header.ImagePositionPatient], atol=1e-9
        )
        row, column = np.reshape([float(v) for v in header.ImageOrientationPatient], (2, 3))
        step = volume.grid.index_to_point([(1, 2, z)])[0] - place
        between_rows, between_columns = header.PixelSpacing
        np.testing.assert_allclose(
            step, row * between_columns + 2 * column * between_rows, atol=1e-9
        )


def test_nibabel_sees_the_same_world(tmp_path):
    write_series(tmp_path / "dicom", noise(), OBLIQUE)
    volume = read_one(tmp_path / "dicom")
    write_labels(tmp_path / "out.nii.gz", (volume.array % 5).astype(np.uint8), volume.grid)
    lps = np.diag([-1, -1, 1, 1]) @ nibabel.load(tmp_path / "out.nii.gz").affine
    np.testing.assert_allclose(lps, OBLIQUE.affine, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        SIEMENS,
        GE,
        {"suffix": ""},
        {"suffix": ".IMA"},
        {"syntax": BIG_ENDIAN},
        {"syntax": IMPLICIT},
        {"syntax": "1.2.840.10008.1.2.1.99"},
        {"reverse": True, "shuffle": True},
        {"number": None},
        {"BitsStored": 12, "HighBit": 11},
    ],
    ids=str,
)
def test_dialects(tmp_path, options):
    array = noise()
    write_series(tmp_path, array, OBLIQUE, **options)
    volume = read_one(tmp_path)
    check(volume, array, OBLIQUE)
    assert volume.array.dtype == np.int16
    assert volume.array.dtype.isnative
    assert volume.source == tmp_path


def test_philips_is_rescaled_and_not_by_the_private_scale(tmp_path):
    array = noise(dtype=np.uint16)
    write_series(tmp_path, array, OBLIQUE, **PHILIPS)
    volume = read_one(tmp_path)
    assert volume.array.dtype == np.float32
    np.testing.assert_allclose(volume.array, array * 1.36849816849817, rtol=1e-6)
    np.testing.assert_allclose(sitk.GetArrayFromImage(by_sitk(tmp_path)), volume.array, rtol=1e-6)


@pytest.mark.parametrize("write", ["classic", "enhanced"])
def test_every_slice_has_its_own_slope(tmp_path, write):
    array = noise()
    slopes = [(0.5, 1.0), (1.5, -3.0), (2.25, 0.0), (1.0, 10.0)]
    if write == "classic":
        write_series(tmp_path, array, OBLIQUE, slopes=slopes, shuffle=True)
    else:
        write_enhanced(tmp_path / "one", array, OBLIQUE, slopes=slopes, order=[3, 1, 0, 2])
    expected = np.stack([s * plane + i for plane, (s, i) in zip(array, slopes, strict=True)])
    volume = read_one(tmp_path)
    np.testing.assert_array_equal(volume.array, expected)


@pytest.mark.parametrize(
    ("stored", "values", "slope", "intercept", "kept"),
    [
        (np.int16, [-5, 900], 1.0, 0.0, np.int16),
        (np.uint16, [0, 65535], 1.0, 0.0, np.uint16),
        (np.uint8, [0, 255], 1.0, 0.0, np.uint8),
        (np.uint16, [0, 3000], 1.0, -1024.0, np.int16),
        (np.int16, [0, 3000], 2.0, -1024.0, np.int16),
        (np.uint16, [0, 60000], 1.0, -1024.0, np.float32),
        (np.int16, [-30000, 30000], 3000.0, 0.0, np.int32),
        (np.uint16, [0, 60000], 0.5, 0.0, np.float32),
        (np.int32, [-(1 << 30), 1 << 30], 1.0, 0.0, np.int32),
    ],
)
def test_type_that_is_kept(tmp_path, stored, values, slope, intercept, kept):
    array = np.array(values, stored)[np.arange(120) % 2].reshape(4, 5, 6)
    write_series(tmp_path, array, OBLIQUE, RescaleSlope=slope, RescaleIntercept=intercept)
    volume = read_one(tmp_path)
    assert volume.array.dtype == kept
    np.testing.assert_array_equal(volume.array, array.astype(float) * slope + intercept)


def test_overlay_in_the_high_bits_is_left_out(tmp_path):
    array = noise(dtype=np.uint16)
    write_series(tmp_path, array | 0x3000, OBLIQUE, bits_stored=12)
    np.testing.assert_array_equal(read_one(tmp_path).array, array)


def test_signed_twelve_bits_keep_their_sign(tmp_path):
    array = noise() - np.int16(500)
    write_series(tmp_path, array & np.int16(0xFFF), OBLIQUE, bits_stored=12)
    np.testing.assert_array_equal(read_one(tmp_path).array, array)


@needs_shared_data
@pytest.mark.parametrize("name", ["T1_AX_Other", "MRHR_T1_AX_POST", "MRHR_T2", "MRHR_FLAIR"])
def test_native_case(tmp_path, name):
    (path,) = (SHARED_DATA / "tcga-lgg-native" / "TCGA-FG-6692").glob(f"{name}*.nii.gz")
    volume = read_volume(path)
    array = np.rint(volume.array).astype(np.int16)
    write_series(tmp_path, array, volume.grid, shuffle=True)
    check(read_one(tmp_path), array, volume.grid)


@needs_shared_data
def test_nrrd_case(tmp_path):
    volume = read_volume(SHARED_DATA / "nrrd-two-rois" / "1_image.nrrd")
    array = np.rint(volume.array).astype(np.int16)
    write_series(tmp_path, array, volume.grid)
    check(read_one(tmp_path), array, volume.grid)


def test_series_of_pydicom_as_simpleitk_reads_it():
    folder = Path(get_testdata_file("DICOMDIR")).parent
    (series,) = (s for s in find_series(folder) if s.description.startswith("SmartScore"))
    volume = read_series(series)
    image = sitk.ReadImage([str(file) for file in series.files])
    assert Grid.from_image(image).difference(volume.grid) is None
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), volume.array)
    assert volume.array.min() < 0
