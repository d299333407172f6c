"""Every series that cannot be read is refused by name, and no refusal names the patient."""

from __future__ import annotations

import re

import numpy as np
import pydicom
import pytest
from imaging.dicom.write import assert_names_nobody, write_enhanced, write_series
from imaging.geometries import make_grid, noise

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom import find_series, read_series

GRID = make_grid(spacing=(0.9, 0.8, 5.5), tilt=(0.1, 0.2, 0.0), size=(6, 5, 6))
ARRAY = noise((6, 5, 6))


def refused(folder):
    """Return the refusal of the only series; that of its header and that of reading agree."""
    (series,) = find_series(folder)
    with pytest.raises(BadInput) as caught:
        read_series(series)
    message = str(caught.value)
    assert series.problem in {message, ""}
    for text in (message, repr(series), series.why, series.title, repr(caught.value)):
        assert_names_nobody(text)
        assert str(folder) not in text
    assert caught.value.__cause__ is None or "patient" not in str(caught.value.__cause__)
    assert "DICOM series 5 (T1 AX" in message
    return message


def shift(by):
    """Move slices by ``by(z)`` mm along x of the patient."""

    def edit(dataset, z):
        x, y, w = map(float, dataset.ImagePositionPatient)
        dx, dy, dz = by(z)
        dataset.ImagePositionPatient = [f"{v:.8g}" for v in (x + dx, y + dy, w + dz)]

    return edit


ROW = np.reshape(GRID.direction, (3, 3))[:, 0]
NORMAL = np.reshape(GRID.direction, (3, 3))[:, 2]
CASES = {
    "sheared": (shift(lambda z: ROW * z), "sheared stack"),
    "uneven": (shift(lambda z: NORMAL * (1.6 if z == 3 else 0)), "unevenly spaced"),
    "drifting": (shift(lambda z: NORMAL * z * z * 0.05), "unevenly spaced"),
    "no position": (lambda d, z: d.pop("ImagePositionPatient"), "no usable ImagePositionPatient"),
    "one without": (
        lambda d, z: z == 2 and d.pop("ImageOrientationPatient"),
        "ImageOrientationPatient in 1 of 6",
    ),
    "no spacing": (lambda d, z: d.pop("PixelSpacing"), "no usable PixelSpacing"),
    "zero spacing": (lambda d, z: setattr(d, "PixelSpacing", [0, 0]), "PixelSpacing of 0 mm"),
    "bent axes": (
        lambda d, z: setattr(d, "ImageOrientationPatient", [1, 0, 0, 0.5, 0.5, 0]),
        "perpendicular unit vectors",
    ),
    "other spacing": (
        lambda d, z: z == 1 and setattr(d, "PixelSpacing", [1, 1]),
        "several pixel spacings",
    ),
    "slope zero": (lambda d, z: setattr(d, "RescaleSlope", 0), "RescaleSlope of 0.0"),
    "colour": (
        lambda d, z: setattr(d, "PhotometricInterpretation", "RGB"),
        "no grey-value image",
    ),
    "samples": (lambda d, z: setattr(d, "SamplesPerPixel", 3), "3 number"),
    "palette": (
        lambda d, z: setattr(d, "PhotometricInterpretation", "PALETTE COLOR"),
        "PALETTE COLOR",
    ),
    "inverted": (
        lambda d, z: setattr(d, "PhotometricInterpretation", "MONOCHROME1"),
        "stored inverted",
    ),
    "odd bits": (lambda d, z: setattr(d, "BitsAllocated", 12), "in 12"),
    "bits over": (lambda d, z: setattr(d, "HighBit", 17), "up to bit 17"),
    "giant": (
        lambda d, z: (setattr(d, "Rows", 8000), setattr(d, "Columns", 8000)),
        "cut short",
    ),
    "more rows": (lambda d, z: setattr(d, "Rows", 65535), "image size of 6 x 65535"),
    "frames": (lambda d, z: setattr(d, "NumberOfFrames", 10**9), "1000000000 frame"),
    "mosaic": (
        lambda d, z: setattr(d, "ImageType", ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]),
        "is a mosaic",
    ),
    "no pixels": (lambda d, z: z == 4 and d.pop("PixelData"), "without pixel data|cut short"),
    "nothing tells apart": (
        lambda d, z: setattr(d, "ImagePositionPatient", [0, 0, (z // 2) * 5]),
        "several slices at one place",
    ),
    "unknown syntax": (
        lambda d, z: setattr(
            d.file_meta, "TransferSyntaxUID", pydicom.uid.UID("1.2.840.10008.1.2.4.100")
        ),
        "compressed in a way that cannot be decoded.*MPEG2",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused_by_name(tmp_path, case):
    edit, said = CASES[case]
    if case == "unknown syntax":
        for file in write_series(tmp_path, ARRAY, GRID):
            dataset = pydicom.dcmread(file)
            edit(dataset, 0)
            dataset["PixelData"].VR = "OB"
            dataset.PixelData = pydicom.encaps.encapsulate([dataset.PixelData])
            dataset["PixelData"].is_undefined_length = True
            dataset.save_as(file)
    else:
        write_series(tmp_path, ARRAY, GRID, edit=edit)
    message = refused(tmp_path)
    assert re.search(said, message), message


def test_missing_slices(tmp_path):
    files = write_series(tmp_path, ARRAY, GRID)
    files[2].unlink()
    assert "misses 1 slice(s): found a gap of 11 mm between slices 2 and 3" in refused(tmp_path)


def test_missing_end_slice_is_not_seen_and_reads(tmp_path):
    files = write_series(tmp_path, ARRAY, GRID)
    files[-1].unlink()
    (series,) = find_series(tmp_path)
    np.testing.assert_array_equal(read_series(series).array, ARRAY[:-1])


def test_single_slice(tmp_path):
    write_series(tmp_path, ARRAY[:1], make_grid(size=(6, 5, 1)))
    assert "is a single slice" in refused(tmp_path)


def test_mixed_sizes(tmp_path):
    uid = pydicom.uid.generate_uid()
    write_series(tmp_path, ARRAY, GRID, series_uid=uid)
    other = make_grid(size=(4, 5, 4))
    write_series(tmp_path, noise((4, 5, 4)), other, series_uid=uid, suffix=".b")
    assert "several sizes: found 4 x 5 voxels, 6 x 5 voxels" in refused(tmp_path)


def test_incomplete_second_echo(tmp_path):
    uid = pydicom.uid.generate_uid()
    write_series(tmp_path, ARRAY, GRID, series_uid=uid)
    files = write_series(
        tmp_path, ARRAY, GRID, series_uid=uid, EchoTime=80.0, suffix=".b", first_instance=7
    )
    files[0].unlink()
    assert "no complete stacks by echo time" in refused(tmp_path)


@pytest.mark.parametrize(
    ("keep", "said"), [(-40, "cut short"), (200, "misses 1 slice"), (140, "misses 1 slice")]
)
def test_truncated_file(tmp_path, keep, said):
    files = write_series(tmp_path, ARRAY, GRID)
    files[3].write_bytes(files[3].read_bytes()[:keep])
    (series,) = find_series(tmp_path)
    with pytest.raises(BadInput, match=said):
        read_series(series)


def test_file_that_goes_or_changes_in_between(tmp_path):
    files = write_series(tmp_path, ARRAY, GRID)
    (series,) = find_series(tmp_path)
    write_series(tmp_path, ARRAY.astype(np.uint8), GRID)
    with pytest.raises(BadInput, match="has changed since"):
        read_series(series)
    files[2].unlink()
    with pytest.raises(BadInput, match="Open the folder again") as caught:
        read_series(series)
    assert str(tmp_path) not in str(caught.value)


def test_multiframe_that_describes_too_few_frames(tmp_path):
    def edit(dataset):
        dataset.NumberOfFrames = 99

    write_enhanced(tmp_path / "x", ARRAY, GRID, edit=edit)
    assert "99 frame(s) declared, 6 described" in refused(tmp_path)


def test_multiframe_without_positions(tmp_path):
    write_enhanced(tmp_path / "x", ARRAY, GRID, edit_frame=lambda f, z: f.pop(0x00209113))
    assert "no usable ImagePositionPatient in 6 of 6" in refused(tmp_path)


def test_what_a_volume_remembers_names_no_patient(tmp_path):
    folder = tmp_path / "DOE^JANE PAT-4711"
    write_series(
        folder,
        ARRAY,
        GRID,
        description="T1 AX Doe, Jane PAT-4711 31.01.2020",
        ProtocolName="head SMITH",
        ContrastBolusAgent="gd for jane doe",
        ImageType=["ORIGINAL", "PRIMARY", "DOE"],
    )
    (series,) = find_series(folder)
    volume = read_series(series)
    assert series.description == "T1 AX"
    assert volume.dicom.tags.protocol == "head"
    assert volume.dicom.tags.contrast_agent == "gd for"
    for text in (repr(volume.dicom), repr(series), series.title):
        assert_names_nobody(text)
    assert volume.dicom.study_key.startswith("study-")


def test_decoding_that_would_grow_beyond_bounds(tmp_path, monkeypatch):
    write_series(tmp_path, ARRAY, GRID)
    (series,) = find_series(tmp_path)
    monkeypatch.setattr("napari_acs.imaging.dicom.read._SMALL", 0)
    monkeypatch.setattr("napari_acs.imaging.dicom.read._MOST_RATIO", 0.001)
    with pytest.raises(BadInput, match="too large"):
        read_series(series)


def test_damage_that_swallows_the_name_is_not_shown(tmp_path):
    (file, *_) = write_series(tmp_path, ARRAY, GRID, syntax="1.2.840.10008.1.2")
    data = file.read_bytes()
    at = data.index(b"\x08\x00\x3e\x10")
    file.write_bytes(data[: at + 4] + (90).to_bytes(4, "little") + data[at + 8 :])
    found = find_series(tmp_path)
    assert found
    for series in found:
        assert_names_nobody(repr(series) + series.problem)
