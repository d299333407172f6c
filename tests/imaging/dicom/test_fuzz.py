"""Damaged headers and files: each ends in a refusal or in a valid volume, and in nothing else."""

from __future__ import annotations

import contextlib
import io
import os
import random
import resource
import sys
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from imaging.dicom.write import assert_names_nobody, write_enhanced, write_series
from imaging.geometries import make_grid, noise
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom import read_series, scan

GRID = make_grid(spacing=(0.9, 0.8, 5.5), tilt=(0.1, 0.2, 0.0), size=(16, 12, 5))
ARRAY = noise(GRID.shape)
MOST_MEMORY = 32 << 20
ROUNDS = int(os.environ.get("NAPARI_ACS_FUZZ_ROUNDS", "20"))
SEED = os.environ.get("NAPARI_ACS_FUZZ_SEED", "")
JPEG_LS, RLE = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.5"
RANDOM_BYTES = (
    b"", b"\0", b"-1", b"NaN", b"inf", b"1e400", b"-1e308\\1e308\\0", b"\xff" * 7, b"DOE^JANE",
    b"\0\0", b"\xff\xff", b"\xff\xff\xff\x7f", b"0\\0\\0", b"1\\0\\0\\0\\1\\0", b"0", b"1\\2",
    b"9" * 64, b"1.0\\1.0", b"\\\\\\\\\\", b" ", b"4294967295", b"65535", b"-7", b"\x01\x00",
    b"\x0c\x00", b"\x10\x00", b"\x40\x00",
)  # fmt: skip
VRS = ("DS", "IS", "US", "SQ", "PN", "OB", "UI", "FD", "UN", "CS", "SS", "UL", "AT", "LO")
TAGS = (
    "Rows", "Columns", "NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit", "PixelData",
    "PixelRepresentation", "SamplesPerPixel", "PhotometricInterpretation", "PixelSpacing",
    "ImagePositionPatient", "ImageOrientationPatient", "RescaleSlope", "RescaleIntercept",
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "Modality",
    "ImageType", "InstanceNumber", "SeriesNumber", "SeriesDescription", "ProtocolName",
    "EchoTime", "SpecificCharacterSet", "PatientName", "PatientID", "StudyDate",
    "ContrastBolusAgent", "AcquisitionNumber", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence", "TemporalPositionIdentifier",
)  # fmt: skip


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    made = {
        "explicit": write_series(folder / "e", ARRAY, GRID, RescaleSlope=2.0),
        "implicit": write_series(folder / "i", ARRAY, GRID, syntax="1.2.840.10008.1.2"),
        "big": write_series(folder / "b", ARRAY, GRID, syntax="1.2.840.10008.1.2.2"),
        "rle": write_series(folder / "r", ARRAY, GRID, compress=RLE),
        "jpeg-ls": write_series(folder / "j", ARRAY, GRID, compress=JPEG_LS),
        "enhanced": [write_enhanced(folder / "m" / "x", ARRAY, GRID)],
    }
    return {name: [file.read_bytes() for file in files] for name, files in made.items()}


@contextlib.contextmanager
def bounded():
    """Check that the block takes no more memory than a few copies of what is on the disk."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_MEMORY
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 << 10


def judge(folder, outcomes):
    """Scan and read a folder; anything but a refusal or a sound volume is an error."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = scan(folder)
        for series in found.series:
            assert_names_nobody(repr(series) + series.problem + series.why + series.title)
            try:
                volume = read_series(series)
            except BadInput as refusal:
                assert_names_nobody(str(refusal))
                assert str(folder) not in str(refusal)
                if refusal.__cause__:
                    assert_names_nobody(str(refusal.__cause__))
                outcomes["refused"] += 1
                continue
            assert not series.problem
            assert volume.array.shape == volume.grid.shape
            assert volume.array.size <= ARRAY.size * 4
            assert np.isfinite(volume.array).all()
            assert_names_nobody(repr(volume.dicom))
            outcomes["read"] += 1
    assert not [str(warning.message) for warning in warned]  # they would go to the terminal


def mutate_tag(data, rng):
    """Return the file with one tag removed or replaced by raw bytes of any VR."""
    dataset = pydicom.dcmread(io.BytesIO(data))
    keyword = rng.choice(TAGS)
    tag = Tag(pydicom.datadict.tag_for_keyword(keyword))
    what = rng.random()
    if what < 0.2:
        dataset.pop(tag, None)
    elif what < 0.4 and isinstance(dataset.get(keyword), int):
        dataset[tag].value = rng.choice([0, 1, 7, 12, 63, 64, 255, 4096, 32768, 65535])
    else:
        vr = rng.choice(VRS) if rng.random() < 0.5 else pydicom.datadict.dictionary_VR(tag)
        value = rng.choice(RANDOM_BYTES)
        if rng.random() < 0.2:
            value = bytes(rng.randrange(256) for _ in range(rng.randrange(80)))
        implicit, little = dataset.original_encoding
        dataset._dict[tag] = RawDataElement(
            tag, vr[:2], len(value), value, 0, bool(implicit), bool(little), True
        )
    out = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset.save_as(out)
    except Exception:  # pydicom will not write everything that a broken exporter does
        return None
    return out.getvalue()


def mutate_bytes(data, rng):
    """Return the file cut off, or with bytes of its header changed."""
    if rng.random() < 0.25:
        return data[: rng.randrange(len(data))]
    changed = bytearray(data)
    start = rng.choice([0, 132, 132, max(132, len(data) - 900)])
    for _ in range(rng.choice([1, 2, 8, 40])):
        at = rng.randrange(start, len(data))
        run = rng.choice([1, 1, 2, 4])
        filler = rng.choice([b"\xff", b"\0", b"\x7f", bytes([rng.randrange(256)])])
        changed[at : at + run] = filler * min(run, len(data) - at)
    return bytes(changed)


@pytest.mark.parametrize("mutate", [mutate_tag, mutate_bytes])
@pytest.mark.parametrize("dialect", ["explicit", "implicit", "big", "rle", "jpeg-ls", "enhanced"])
def test_damage_ends_in_a_refusal_or_a_volume(originals, tmp_path, capfd, caplog, dialect, mutate):
    rng = random.Random(f"{dialect} {mutate.__name__} {SEED}")
    outcomes = {"refused": 0, "read": 0}
    for _ in range(ROUNDS):
        everywhere = rng.random() < 0.5
        seed = rng.random()
        for index, data in enumerate(originals[dialect]):
            damaged = data
            if everywhere or index == 2 or len(originals[dialect]) == 1:
                # One seed for all slices: the same tag is wrong in every one.
                damaged = mutate(data, random.Random(seed)) or data
            (tmp_path / f"f{index}").write_bytes(damaged)
        caplog.clear()
        with bounded():
            judge(tmp_path, outcomes)
        assert not caplog.records
    assert outcomes["refused"]
    assert outcomes["read"]
    said = capfd.readouterr()
    assert said.err == ""
    assert said.out == ""


def test_lengths_beyond_the_file_take_no_memory(originals, tmp_path):
    data = originals["explicit"][0]
    at = data.index(b"\x20\x00\x32\x00DS")
    for length in (b"OB\0\0\xfe\xff\xff\xff", b"SQ\0\0\xff\xff\xff\xff", b"UN\0\0\xff\xff\xff\x7f"):
        (tmp_path / "one").write_bytes(data[: at + 4] + length + data[at + 12 :])
        with bounded():
            judge(tmp_path, {"refused": 0, "read": 0})


def test_sequences_nested_without_end(originals, tmp_path):
    data = originals["explicit"][0]
    at = data.index(b"\x20\x00\x32\x00DS")
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff"
    (tmp_path / "one").write_bytes(
        data[:at] + b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff" + item * 5000
    )
    with bounded():
        judge(tmp_path, {"refused": 0, "read": 0})
    assert sys.getrecursionlimit() > 500


def test_files_that_are_no_dicom(tmp_path):
    rng = random.Random(1)
    for index in range(40):
        start = rng.choice([b"\x08\x00\x16\x00", b"\0" * 128 + b"DICM", b"\x02\x00\x00\x00UL", b""])
        Path(tmp_path, f"f{index}").write_bytes(start + rng.randbytes(rng.randrange(3000)))
    with bounded():
        judge(tmp_path, {"refused": 0, "read": 0})
