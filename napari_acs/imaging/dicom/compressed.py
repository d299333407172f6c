"""Decode compressed frames: RLE with pydicom, JPEG, JPEG-LS and JPEG 2000 with GDCM.

GDCM gets a file that holds nothing but the frame and its pixel format. So it can apply no
rescale of its own, and no odd tag of the original reaches its parser.
"""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, RLELossless, SecondaryCaptureImageStorage, generate_uid

from napari_acs.imaging.dicom.frame import PixelFormat
from napari_acs.imaging.dicom.open import quiet
from napari_acs.imaging.itk_files import ONE_AT_A_TIME, itk_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RLE = str(RLELossless)
_JPEG = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70))
_JPEG_LS = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (80, 81))
_JPEG_2000 = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91))
KNOWN = frozenset((_RLE, *_JPEG, *_JPEG_LS, *_JPEG_2000))
"""Transfer syntaxes that `decode_frame` decodes."""

_SIZES = frozenset((0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xF7))
"""JPEG and JPEG-LS markers of the segment that holds the size of the image."""


class Undecodable(Exception):
    """A compressed frame is damaged; the message says how, and quotes nothing."""


def split_frames(buffer: bytes, count: int) -> list[bytes]:
    """Take encapsulated pixel data apart into one piece a frame."""
    frames: list[bytes] = []
    try:
        for frame in generate_frames(buffer, number_of_frames=count):
            frames.append(frame)
            if len(frames) > count:
                break
    except Exception:  # pydicom raises whatever the bytes lead it to
        raise Undecodable("damaged fragments") from None
    if len(frames) != count:
        raise Undecodable(f"{len(frames)} compressed images for {count}")
    return frames


def decode_frame(frame: bytes, pixels: PixelFormat) -> NDArray[np.generic]:
    """Decode one frame into (rows, columns).

    Raises
    ------
    Undecodable
        The frame is cut short or damaged, or its own size is not the header's.
    """
    if pixels.syntax != _RLE:
        _check_size(frame, pixels)
    dataset = _minimal(frame, pixels)
    try:
        with quiet():
            values = _by_pydicom(dataset) if pixels.syntax == _RLE else _by_gdcm(dataset)
    except Exception:  # GDCM's and pydicom's many ways to say that it is damaged
        raise Undecodable("a damaged compressed image") from None
    if values.shape != (pixels.rows, pixels.columns) or values.dtype.kind not in "iu":
        raise Undecodable("a compressed image of another size or type")
    # The codestream may know of a sign that the header denies: the header decides.
    kind = f"{'i' if pixels.signed else 'u'}{(pixels.allocated or 0) // 8}"
    return values.astype(kind, copy=False)


def _minimal(frame: bytes, pixels: PixelFormat) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(pixels.syntax)
    dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID
    dataset.Rows, dataset.Columns = pixels.rows, pixels.columns
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = pixels.allocated
    dataset.BitsStored = pixels.stored or pixels.allocated
    dataset.HighBit = dataset.BitsStored - 1 if pixels.high_bit is None else pixels.high_bit
    dataset.PixelRepresentation = int(pixels.signed)
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


def _by_pydicom(dataset: Dataset) -> NDArray[np.generic]:
    values, _ = get_decoder(RLELossless).as_array(dataset, raw=True)
    return values


def _by_gdcm(dataset: Dataset) -> NDArray[np.generic]:
    warned = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        with tempfile.TemporaryDirectory(prefix="napari-acs-") as folder, ONE_AT_A_TIME:
            path = Path(folder) / "frame.dcm"
            dataset.save_as(path, enforce_file_format=True)
            reader = sitk.ImageFileReader()
            reader.SetImageIO("GDCMImageIO")
            reader.SetFileName(itk_name(path))
            values: NDArray[np.generic] = sitk.GetArrayFromImage(reader.Execute())
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(warned)
    return values[0] if values.ndim == 3 else values


def _check_size(frame: bytes, pixels: PixelFormat) -> None:
    """Compare the codestream's own size with the header's, and look for its end.

    A C++ decoder allocates what the codestream says, and fills what is cut off with grey.
    """
    size = _size_2000(frame) if pixels.syntax in _JPEG_2000 else _size_jpeg(frame)
    if size != (pixels.rows, pixels.columns):
        raise Undecodable("a compressed image of another size than the header's")
    if not frame.rstrip(b"\x00\xff").endswith(b"\xff\xd9"):
        raise Undecodable("a compressed image without its end")


def _size_2000(frame: bytes) -> tuple[int, int] | None:
    """Return rows and columns from the SIZ segment of a JPEG 2000 codestream."""
    if frame[:4] != b"\xff\x4f\xff\x51" or len(frame) < 46:
        return None
    x1, y1, x0, y0, tile_x, tile_y = struct.unpack(">6I", frame[8:32])
    components = struct.unpack(">H", frame[40:42])[0]
    # Tiny tiles would make a decoder work for hours.
    if components != 1 or tile_x * 64 < x1 or tile_y * 64 < y1 or frame[43:45] != b"\x01\x01":
        return None
    return y1 - y0, x1 - x0


def _size_jpeg(frame: bytes) -> tuple[int, int] | None:
    """Return rows and columns from the frame header of a JPEG or JPEG-LS codestream."""
    if frame[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 < len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in _SIZES:
            rows, columns, components = struct.unpack(">HHB", frame[at + 5 : at + 10])
            return (rows, columns) if components == 1 else None
        at += 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
    return None
