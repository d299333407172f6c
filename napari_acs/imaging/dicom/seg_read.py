"""Read DICOM segmentations with pydicom alone: binary, fractional and label map."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.cielab import from_cielab
from napari_acs.imaging.dicom.frames import Frames, frames_of, stack_grid
from napari_acs.imaging.dicom.seg_pixels import frame_numbers, frame_pixels
from napari_acs.imaging.dicom.seg_write import MANUFACTURER
from napari_acs.imaging.labels.measure import Measured
from napari_acs.imaging.labels.place import onto_grid
from napari_acs.imaging.labels.segments import SegmentName, unnamed
from napari_acs.imaging.labels.segnrrd import overlap
from napari_acs.imaging.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from napari_acs.imaging.grid import Grid

SEG_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""Segmentation Storage and Label Map Segmentation Storage."""
_OURS = re.compile(r"Label (\d+): (.*)")


@dataclass(frozen=True)
class SegFrames:
    """A segmentation as it stands in the file: frames, not yet put together.

    Attributes
    ----------
    file : str
    pixels : ndarray of uint8, shape (frame, row, column)
        The label value in every pixel, 0 elsewhere.
    frames : Frames
    segments : tuple of SegmentName
        With the label values that ``pixels`` holds.
    notes : tuple of str
        What was decided in reading, a sentence each.
    """

    file: str
    pixels: NDArray[np.uint8]
    frames: Frames
    segments: tuple[SegmentName, ...]
    notes: tuple[str, ...]


def load_seg(path: Path, dataset: Dataset) -> SegFrames:
    """Read the frames of a segmentation.

    Parameters
    ----------
    path : Path
        For refusals.
    dataset : Dataset
        Read whole from it.

    Raises
    ------
    BadInput
        No volume in patient coordinates, pixels that cannot be decoded, or more than 255 segments.
    """
    frames = frames_of(dataset, path.name)
    kind = str(dataset.get("SegmentationType", "BINARY"))
    by_number = {
        int(item.SegmentNumber): _name(item, dataset)
        for item in dataset.get("SegmentSequence", ())
        if int(item.SegmentNumber)  # of a label map, 0 is the background
    }
    notes: list[str] = []
    values = [segment.value for segment in by_number.values()]
    if len({*values}) < len(values) or (kind != "LABELMAP" and max(by_number, default=0) > 255):
        by_number = {
            number: replace(segment, value=value)
            for value, (number, segment) in enumerate(sorted(by_number.items()), start=1)
        }
        notes.append("The segments are numbered anew, in order")
    raw = frame_pixels(dataset, path.name)
    if kind == "LABELMAP":
        if raw.size and raw.max() > 255:
            raise _too_many(path.name)
        table = np.arange(256, dtype=np.uint8)
        for number, segment in by_number.items():
            table[number] = segment.value
        return SegFrames(path.name, table[raw], frames, tuple(by_number.values()), tuple(notes))
    if kind == "FRACTIONAL":
        raw = raw >= 0.5 * float(dataset.get("MaximumFractionalValue", 255))
        notes.append("Fractions of 0.5 and more were taken as inside")
    numbers = frame_numbers(dataset, path.name)
    for number in numbers:
        if number not in by_number:
            raise BadInput(
                f"{path.name} contradicts itself",
                found=f"frames of a segment {number} that is not described",
                do="Export it again",
            )
    pixels = np.zeros(raw.shape, np.uint8)
    for index, number in enumerate(numbers):
        pixels[index][raw[index] != 0] = by_number[number].value
    return SegFrames(path.name, pixels, frames, tuple(by_number.values()), tuple(notes))


def seg_volume(seg: SegFrames, grid: Grid | None) -> Volume:
    """Put the frames together, by their positions in the patient.

    Parameters
    ----------
    seg : SegFrames
    grid : Grid, optional
        Where the labels are wanted; else the smallest grid with all frames.

    Raises
    ------
    BadInput
        Segments overlap, or the frames are no regular stack or not on ``grid``.
    """
    _, rows, columns = seg.pixels.shape
    own, index = stack_grid(seg.frames, columns, rows, seg.file)
    array = np.zeros(own.shape, np.uint8)
    titles = {segment.value: segment.title for segment in seg.segments}
    for frame, z in zip(seg.pixels, index, strict=True):
        here = frame != 0
        taken = np.unique(array[z][here & (array[z] != frame)])
        taken = taken[taken != 0]
        if len(taken):
            other = frame[here & (array[z] == taken[0])][0]
            raise overlap(seg.file, titles[int(taken[0])], titles[int(other)])
        array[z][here] = frame[here]
    volume = Volume(array, own)
    return onto_grid(volume, grid, seg.file) if grid is not None else volume


def measure_seg(seg: SegFrames) -> dict[int, Measured]:
    """Measure every label from the frames' own positions, without putting them on a grid."""
    x_step, y_step = (seg.frames.cosines.T * seg.frames.pixel).T
    voxel_ml = seg.frames.pixel[0] * seg.frames.pixel[1] * (seg.frames.gap or 0.0) / 1000.0
    counts: dict[int, int] = {}
    sums: dict[int, NDArray[np.float64]] = {}
    for frame, position in zip(seg.pixels, seg.frames.positions, strict=True):
        for value in np.unique(frame[frame != 0]).tolist():
            row, column = np.nonzero(frame == value)
            moved = len(row) * position + column.sum() * x_step + row.sum() * y_step
            counts[value] = counts.get(value, 0) + len(row)
            sums[value] = sums.get(value, np.zeros(3)) + moved
    found = {}
    for value, count in sorted(counts.items()):
        x, y, z = (sums[value] / count).tolist()
        found[value] = Measured(count, count * voxel_ml, (x, y, z))
    return found


def _name(item: Dataset, dataset: Dataset) -> SegmentName:
    number = int(item.SegmentNumber)
    value = number if number <= 255 else 1 + (number - 1) % 255
    title = str(item.get("SegmentLabel", "")).strip() or f"Segment {number}"
    name = title
    ours = _OURS.fullmatch(str(item.get("SegmentDescription", "")))
    if ours and str(dataset.get("Manufacturer", "")) == MANUFACTURER and 1 <= int(ours[1]) <= 255:
        value, name = int(ours[1]), ours[2]
    lab = item.get("RecommendedDisplayCIELabValue")
    return SegmentName(value, name, title, from_cielab(lab) if lab else unnamed(value).colour)


def _too_many(name: str) -> BadInput:
    return BadInput(
        f"{name} has too many segments",
        found="label values above 255",
        expected="255 at most",
        do="Choose the tumour's segmentation",
    )
