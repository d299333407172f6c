"""Compressed transfer syntaxes give the stored values, or are refused."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from imaging.dicom.write import write_enhanced, write_series
from imaging.geometries import make_grid, noise
from pydicom.data import get_testdata_file

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom import find_series, read_series
from napari_acs.imaging.dicom.compressed import Undecodable, decode_frame, split_frames
from napari_acs.imaging.dicom.frame import pixel_format
from napari_acs.imaging.dicom.pixels import check_pixels, stored_values

GRID = make_grid(spacing=(0.9, 0.8, 5.5), tilt=(0.1, 0.2, 0.0), size=(32, 24, 4))
RLE, JPEG_LS = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80"


@pytest.mark.parametrize("syntax", [RLE, JPEG_LS])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
@pytest.mark.parametrize("write", ["classic", "enhanced"])
def test_lossless(tmp_path, syntax, dtype, write):
    array = noise(GRID.shape, dtype=np.int16)
    array = (array % 200).astype(dtype) if dtype == np.uint8 else array.astype(dtype)
    if dtype == np.int16:
        array = array - np.int16(500)
    if write == "classic":
        slopes = [(1.0, 0.0), (2.0, 3.0), (1.0, -5.0), (0.5, 0.0)]
        write_series(tmp_path, array, GRID, compress=syntax, slopes=slopes)
        expected = np.stack([s * a + i for a, (s, i) in zip(array, slopes, strict=True)])
    else:
        write_enhanced(tmp_path / "x", array, GRID, compress=syntax)
        expected = array
    (series,) = find_series(tmp_path)
    volume = read_series(series)
    np.testing.assert_array_equal(volume.array, expected)
    assert GRID.difference(volume.grid) is None


def decoded(dataset):
    expected = pixel_format(dataset)
    check_pixels("test", expected, expected.frames, 1 << 30)
    return stored_values("test", dataset, expected)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("MR_small_RLE.dcm", "MR_small.dcm"),
        ("MR_small_jp2klossless.dcm", "MR_small.dcm"),
        ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm"),
        ("MR_small_bigendian.dcm", "MR_small.dcm"),
        ("MR_small_implicit.dcm", "MR_small.dcm"),
        ("MR_small_expb.dcm", "MR_small.dcm"),
        ("MR_small_padded.dcm", "MR_small.dcm"),
        ("image_dfl.dcm", "image_dfl.dcm"),
    ],
)
def test_files_of_pydicom(name, reference):
    dataset = pydicom.dcmread(get_testdata_file(name))
    expected = pydicom.dcmread(get_testdata_file(reference)).pixel_array
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(decoded(dataset)[0], expected)


@pytest.mark.parametrize(
    "name", ["JPEG-lossy.dcm", "JPGExtended.dcm", "JPEG2000.dcm", "693_J2KI.dcm"]
)
def test_lossy_files_of_pydicom_decode_to_their_size(name):
    dataset = pydicom.dcmread(get_testdata_file(name))
    values = decoded(dataset)
    assert values.shape == (1, dataset.Rows, dataset.Columns)
    assert values.std() > 0


def test_truncated_file_of_pydicom():
    with pytest.raises(BadInput, match="cut short"):
        decoded(pydicom.dcmread(get_testdata_file("MR_truncated.dcm")))


@pytest.mark.parametrize("syntax", [RLE, JPEG_LS])
@pytest.mark.parametrize("damage", ["cut", "size", "noise", "fragments"])
def test_damaged_frames_are_refused(tmp_path, syntax, damage):
    files = write_series(tmp_path, noise(GRID.shape), GRID, compress=syntax)
    dataset = pydicom.dcmread(files[1])
    (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    if damage == "cut":
        frames = [frame[: len(frame) // 2]]
    elif damage == "size":
        frames, dataset.Rows = [frame], 4 * GRID.size[1]
    elif damage == "noise":
        frames = [bytes(range(256)) * 4]
    else:
        frames = [frame, frame]
    if damage == "size":
        for file in files:
            other = pydicom.dcmread(file)
            other.Rows = dataset.Rows
            other.save_as(file)
    else:
        dataset.PixelData = pydicom.encaps.encapsulate(frames)
        dataset.save_as(files[1])
    (series,) = find_series(tmp_path)
    with pytest.raises(BadInput, match=r"DICOM series 5 \(T1 AX\) cannot be decoded"):
        read_series(series)


@pytest.mark.parametrize(
    "name", ["MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "JPEG-lossy.dcm"]
)
def test_a_codestream_is_checked_before_a_decoder_sees_it(name):
    dataset = pydicom.dcmread(get_testdata_file(name))
    pixels = pixel_format(dataset)
    (frame,) = split_frames(dataset.PixelData, 1)
    assert decode_frame(frame, pixels).shape == (dataset.Rows, dataset.Columns)
    for damaged, header, said in (
        (frame[: len(frame) * 3 // 4] + b"\0" * 8, pixels, "without its end"),
        (frame, replace(pixels, rows=2 * dataset.Rows), "another size than the header's"),
        (b"\0" * 64, pixels, "another size than the header's"),
    ):
        with pytest.raises(Undecodable, match=said):
            decode_frame(damaged, header)
