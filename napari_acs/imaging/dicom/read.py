"""Read the voxels of one DICOM series."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.imaging.dicom.frame import Frame
from napari_acs.imaging.dicom.open import NotReadable, open_dataset
from napari_acs.imaging.dicom.origin import DicomOrigin
from napari_acs.imaging.dicom.pixels import check_pixels, stored_values
from napari_acs.imaging.dicom.rescale import Rescale
from napari_acs.imaging.dicom.series import Series
from napari_acs.imaging.dicom.stack import stack
from napari_acs.imaging.pseudonym import study_key
from napari_acs.imaging.stamp import stamp_of
from napari_acs.imaging.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_VOXELS = 1 << 31
_MOST_RATIO = 1000
"""No MRI shrinks to that; checked beyond `_SMALL` voxels, before any is decoded."""
_SMALL = 64 << 20


def read_series(
    series: Series,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = never,
) -> Volume:
    """Read one volume of a DICOM series with its exact geometry.

    Parameters
    ----------
    series : Series
        As found by `find_series`; its files must still be there.
    progress : callable, optional
        Called with the slices done and their number.
    cancelled : callable
        Asked before each file.

    Returns
    -------
    Volume
        Array (z, y, x), slices in the order of their normal (row x column), each with its own
        rescale slope and intercept applied (a vendor's private scale is not). The stored type
        is kept where it holds every value; else int16, else float32, else (whole numbers
        beyond 2**24) int32. ``source`` is the folder of the first file.

    Raises
    ------
    BadInput
        It makes no grid, or its pixels cannot be read; the message names the series by number
        and scrubbed description, and neither the patient nor a file.
    Cancelled
        ``cancelled`` said so.
    """
    title = series.title
    refusal = series.refusal()
    if refusal:
        raise refusal
    by_file: dict[Path, list[tuple[int, Frame]]] = defaultdict(list)
    there = 0
    for frame in series.frames:
        there += _check_file(title, frame) // frame.pixels.frames
    placed = stack(title, series.frames)
    for z, frame in enumerate(placed.frames):
        by_file[frame.file].append((z, frame))
    voxels = math.prod(placed.grid.size)
    if voxels > min(_MOST_VOXELS, _MOST_RATIO * there + _SMALL):
        raise BadInput(
            f"{title} is too large",
            found=f"{voxels} voxels in {there / 2**20:.1f} MiB",
            expected="at most 1000 voxels in a byte, and 2**31",
            do="Export or copy the series again",
        )
    rescale = Rescale(title, placed.frames)
    stamp = stamp_of(by_file)
    array: NDArray[np.generic] | None = None
    done = 0
    for file, slices in by_file.items():
        stop_if(cancelled)
        values = _stored(title, file, slices[0][1])
        if array is None:
            array = np.empty(placed.grid.shape, rescale.working_dtype(values.dtype))
        for z, frame in slices:
            array[z] = rescale.apply(values[frame.index], frame)
        done += len(slices)
        if progress:
            progress(done, series.slices)
    assert array is not None  # a stack has two slices at least
    array = rescale.settle(array)
    return Volume(
        array,
        placed.grid,
        placed.frames[0].file.parent,
        DicomOrigin(tuple(by_file), series.tags, _study_key(series, array)),
        stamp=stamp,
    )


def _check_file(title: str, frame: Frame) -> int:
    """Check a frame's file as far as its header goes, and return its size in bytes."""
    try:
        size = frame.file.stat().st_size
    except OSError as error:
        raise _gone(title, error) from None
    # How many frames the file describes was checked when it was found.
    check_pixels(title, frame.pixels, frame.pixels.frames, size)
    return size


def _stored(title: str, file: Path, frame: Frame) -> NDArray[np.generic]:
    try:
        return stored_values(title, open_dataset(file), frame.pixels)
    except OSError as error:
        raise _gone(title, error) from None
    except NotReadable:
        raise BadInput(
            f"{title} cannot be read",
            found="a damaged file",
            expected="complete DICOM files",
            do="Export or copy the series again",
        ) from None


def _gone(title: str, error: OSError) -> BadInput:
    # The error's own text holds the path, and folders are named after patients.
    return BadInput(
        f"{title} cannot be read",
        found=error.strerror or "an error of the file system",
        expected="the files that were found before",
        do="Open the folder again",
    )


def _study_key(series: Series, array: NDArray[np.generic]) -> str:
    if series.study_uid:
        return study_key(series.study_uid)
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return study_key(f"no uid, voxels {digest}")
