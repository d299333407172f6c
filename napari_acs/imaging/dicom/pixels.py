"""Check how pixels are stored, and decode them; nothing is allocated before it is plausible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.compressed import KNOWN, Undecodable, decode_frame, split_frames
from napari_acs.imaging.dicom.frame import PixelFormat, pixel_format
from napari_acs.imaging.dicom.open import quiet
from napari_acs.imaging.dicom.values import uid_name, value

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import FileDataset

_NATIVE = {
    "1.2.840.10008.1.2": "<",
    "1.2.840.10008.1.2.1": "<",
    "1.2.840.10008.1.2.1.99": "<",
    "1.2.840.10008.1.2.2": ">",
}
"""Transfer syntaxes whose pixels are not compressed, and their byte order."""
_DEFLATED = "1.2.840.10008.1.2.1.99"
_LARGEST_SIDE = 8192
_AGAIN = "Export or copy the series again"


def check_pixels(title: str, pixels: PixelFormat, described: int, file_bytes: int) -> None:
    """Check that a file's pixels are one number each, can be decoded, and can be all there.

    Parameters
    ----------
    title : str
        What to call the series in a refusal.
    pixels : PixelFormat
    described : int
        How many frames the header describes.
    file_bytes : int
        Size of the file.

    Raises
    ------
    BadInput
        Colour, an unusual storage, a compression that cannot be decoded, or a file that is
        too short for what it declares.
    """
    if pixels.samples != 1 or pixels.photometric not in {"MONOCHROME1", "MONOCHROME2"}:
        raise BadInput(
            f"{title} is no grey-value image",
            found=f"{pixels.samples} number(s) in a pixel, {_photometric(pixels)}",
            expected="one grey value (MONOCHROME2)",
            do="Choose the MRI series itself, not a colour picture of it",
        )
    if pixels.photometric == "MONOCHROME1":
        raise BadInput(
            f"{title} is stored inverted",
            found="MONOCHROME1: high values are dark",
            expected="MONOCHROME2",
            do="Export it from the scanner again, and not as a picture",
        )
    sides = (pixels.columns or 0, pixels.rows or 0)
    if not all(0 < side <= _LARGEST_SIDE for side in sides):
        raise _damaged(title, f"an image size of {sides[0]} x {sides[1]}", "both sides, 1 to 8192")
    if pixels.frames < 1 or pixels.frames != described:
        raise _damaged(
            title,
            f"{pixels.frames} frame(s) declared, {described} described",
            "a description of every frame (an enhanced multi-frame image)",
        )
    stored = pixels.allocated if pixels.stored is None else pixels.stored
    high = None if stored is None else stored - 1 if pixels.high_bit is None else pixels.high_bit
    if (
        pixels.allocated not in {8, 16, 32}
        or stored is None
        or high is None
        or not 0 < stored <= high + 1 <= pixels.allocated
    ):
        raise _damaged(
            title,
            f"pixels of {pixels.stored} bits in {pixels.allocated}, up to bit {pixels.high_bit}",
            "whole numbers in 8, 16 or 32 bits",
        )
    if pixels.syntax not in _NATIVE and pixels.syntax not in KNOWN:
        raise BadInput(
            f"{title} is compressed in a way that cannot be decoded",
            found=_syntax(pixels.syntax),
            expected="no compression, JPEG, JPEG-LS, JPEG 2000 or RLE",
            do="Decompress it first, with gdcmconv or dcmdjpeg for example",
        )
    declared = pixels.frame_bytes * pixels.frames
    if pixels.syntax in _NATIVE and pixels.syntax != _DEFLATED and declared > file_bytes:
        raise _short(title, declared, file_bytes, "a file of")


def stored_values(title: str, dataset: FileDataset, expected: PixelFormat) -> NDArray[np.generic]:
    """Decode a file's pixels, not rescaled.

    Parameters
    ----------
    title : str
    dataset : Dataset
        The whole file.
    expected : PixelFormat
        What `check_pixels` has passed.

    Returns
    -------
    ndarray, shape (frames, rows, columns)
        Integers of the stored width and sign, in the machine's byte order.

    Raises
    ------
    BadInput
        The pixels are missing, cut short or damaged, or are not as the header said before.
    """
    with quiet():
        if pixel_format(dataset) != expected:
            raise BadInput(f"{title} has changed since it was found", do="Open the folder again")
        buffer = value(dataset, "PixelData")
    if not isinstance(buffer, bytes) or not buffer:
        raise _damaged(title, "a file without pixel data", "an image")
    shape = (expected.frames, expected.rows or 0, expected.columns or 0)
    if expected.syntax in _NATIVE:
        declared = expected.frame_bytes * expected.frames
        if len(buffer) < declared:
            raise _short(title, declared, len(buffer), "pixel data of")
        kind = f"{_NATIVE[expected.syntax]}{'i' if expected.signed else 'u'}"
        values = np.frombuffer(
            buffer, f"{kind}{(expected.allocated or 0) // 8}", shape[0] * shape[1] * shape[2]
        ).reshape(shape)
    else:
        values = _decompressed(title, buffer, expected, shape)
    return _used_bits(values.astype(values.dtype.newbyteorder("="), copy=False), expected)


def _decompressed(
    title: str, buffer: bytes, expected: PixelFormat, shape: tuple[int, int, int]
) -> NDArray[np.generic]:
    try:
        frames = split_frames(buffer, expected.frames)
        decoded = [decode_frame(frame, expected) for frame in frames]
    except Undecodable as error:
        raise BadInput(
            f"{title} cannot be decoded",
            found=f"{error} ({_syntax(expected.syntax)})",
            expected="complete compressed images",
            do=_AGAIN,
        ) from None
    return np.stack(decoded).reshape(shape)


def _used_bits(values: NDArray[np.generic], pixels: PixelFormat) -> NDArray[np.generic]:
    """Keep the bits that belong to the pixel: old files hold overlays in the others."""
    allocated = pixels.allocated or 0
    stored = pixels.stored or allocated
    if stored == allocated:
        return values
    high = stored - 1 if pixels.high_bit is None else pixels.high_bit
    # Up to the top and down again: for signed numbers this spreads the sign.
    up, down = allocated - 1 - high, allocated - stored
    whole = values.astype(f"{'i' if pixels.signed else 'u'}{allocated // 8}", copy=False)
    used: NDArray[np.generic] = np.right_shift(np.left_shift(whole, up), down)
    return used


def _photometric(pixels: PixelFormat) -> str:
    known = {"RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"}
    known |= {"MONOCHROME1", "MONOCHROME2"}
    return pixels.photometric if pixels.photometric in known else "an unknown colour model"


def _syntax(uid: str) -> str:
    return uid_name(uid) or "an unknown transfer syntax"


def _short(title: str, declared: int, there: int, what: str) -> BadInput:
    return BadInput(
        f"{title} is cut short",
        found=f"{what} {there} bytes",
        expected=f"{declared} bytes of pixels",
        do=_AGAIN,
    )


def _damaged(title: str, found: str, expected: str) -> BadInput:
    return BadInput(f"{title} cannot be read", found=found, expected=expected, do=_AGAIN)
