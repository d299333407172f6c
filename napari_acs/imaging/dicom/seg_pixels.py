"""What the frames of a DICOM segmentation hold: their segment and their pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset


def frame_numbers(dataset: Dataset, name: str) -> list[int]:
    """Return the number of the segment that each frame shows.

    Raises
    ------
    BadInput
        A frame names none.
    """
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [{}])[0]
    numbers = []
    for own in dataset.PerFrameFunctionalGroupsSequence:
        group = own.get("SegmentIdentificationSequence") or shared.get(
            "SegmentIdentificationSequence"
        )
        if not group:
            raise BadInput(f"{name} does not say which segment its frames show")
        numbers.append(int(group[0].ReferencedSegmentNumber))
    return numbers


def frame_pixels(dataset: Dataset, name: str) -> NDArray[Any]:
    """Return the stored values of all frames, shape (frame, row, column).

    Raises
    ------
    BadInput
        They are truncated, or in a transfer syntax that no decoder is installed for.
    """
    try:
        # Of frames below two bytes pydicom 3.0 takes the padding at the end for further frames.
        raw = _bits(dataset) if _packed(dataset) else dataset.pixel_array
    except (AttributeError, RuntimeError, ValueError, NotImplementedError) as error:
        raise BadInput(
            f"the frames of {name} cannot be read",
            found=f"pixels that do not decode ({type(error).__name__})",
            expected="a complete segmentation in a common transfer syntax",
            do="Export it again uncompressed",
        ) from error
    return raw if raw.ndim == 3 else raw[None]


def _packed(dataset: Dataset) -> bool:
    return int(dataset.BitsAllocated) == 1 and not dataset.file_meta.TransferSyntaxUID.is_compressed


def _bits(dataset: Dataset) -> NDArray[np.uint8]:
    """Unpack one-bit frames, which follow each other without padding, least bit first."""
    shape = (int(dataset.get("NumberOfFrames", 1)), int(dataset.Rows), int(dataset.Columns))
    packed = np.frombuffer(dataset.PixelData, np.uint8)
    if packed.size * 8 < math.prod(shape):
        raise ValueError("fewer bits than pixels")
    return np.unpackbits(packed, count=math.prod(shape), bitorder="little").reshape(shape)
