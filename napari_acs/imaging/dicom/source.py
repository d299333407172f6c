"""The images that a segmentation refers to: their headers, matched to the slices of a grid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.valuerep import DSfloat

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.frames import Frames, frames_of

if TYPE_CHECKING:
    from napari_acs.imaging.dicom.origin import DicomOrigin
    from napari_acs.imaging.grid import Grid

_OFF = 0.05
"""An image may be this part of a voxel off the mask's slice."""
_NEEDED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_OFTEN_MISSING = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime"),
    *("StudyID", "AccessionNumber", "ReferringPhysicianName"),
)


@dataclass(frozen=True)
class Source:
    """Headers of a series, without pixels.

    Attributes
    ----------
    datasets : tuple of Dataset
        One a slice in the order of the grid's z axis; or one multi-frame image.
    frame : tuple of int
        For each slice, the index that its frame has in the file; empty for single images.
    """

    datasets: tuple[Dataset, ...]
    frame: tuple[int, ...]

    def reference(self, z: int) -> tuple[Dataset, int | None]:
        """Return the image of a slice and, of a multi-frame image, the frame's number from 1."""
        return (self.datasets[0], self.frame[z] + 1) if self.frame else (self.datasets[z], None)


def load_source(origin: DicomOrigin, grid: Grid) -> Source:
    """Read the headers of a series whose images are the slices of ``grid``.

    The headers are our own copies, mended for writing: one orientation and the distance of slices
    stand in all of them, and empty values where patient and study attributes are missing. A
    multi-frame header keeps one frame a slice, in the order of the grid; others (a second echo)
    are left out.

    Raises
    ------
    BadInput
        A file is missing or no DICOM image, the images are not the grid's slices, or they lack
        the identifiers that a segmentation refers to.
    """
    datasets = [_header(path) for path in origin.files]
    if not datasets:
        raise BadInput("the DICOM series has no files", do="Open the series again")
    several = "PerFrameFunctionalGroupsSequence" in datasets[0]
    if several and len(datasets) > 1:
        raise BadInput(
            "the DICOM series mixes multi-frame images",
            found=f"{len(datasets)} files",
            expected="one multi-frame file, or one file a slice",
        )
    each = [frames_of(one, path.name) for one, path in zip(datasets, origin.files, strict=True)]
    frame = _match(each, datasets[0], grid)
    for dataset in datasets:
        _mend(dataset, datasets[0], grid)
    if several:
        groups = datasets[0].PerFrameFunctionalGroupsSequence
        datasets[0].PerFrameFunctionalGroupsSequence = [groups[index] for index in frame]
        datasets[0].NumberOfFrames = len(frame)
    return Source(tuple(datasets), frame if several else ())


def _header(path: Path) -> Dataset:
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
    except (OSError, InvalidDicomError) as error:
        raise BadInput(
            f"{path.name} of the DICOM series cannot be read",
            found=(error.strerror if isinstance(error, OSError) else None) or "no DICOM file",
            expected="the images that the mask was drawn on, where they were",
            do="Open the series again from where it is now",
        ) from error
    missing = [key for key in (*_NEEDED, "FrameOfReferenceUID") if not dataset.get(key)]
    if missing:
        raise BadInput(
            f"{path.name} cannot be referred to",
            found=f"no {', '.join(missing)}",
            expected="a DICOM image with its identifiers",
            do="Save the mask as NIfTI or NRRD instead",
        )
    return dataset


def _match(each: list[Frames], first: Dataset, grid: Grid) -> tuple[int, ...]:
    """Return for each slice of the grid the index of the image that is that slice."""
    positions = np.concatenate([frames.positions for frames in each])
    axes = np.reshape(grid.direction, (3, 3))[:, :2].T
    x, y, z = grid.size
    wanted = grid.index_to_point([(0, 0, k) for k in range(z)])
    tolerance = _OFF * min(grid.spacing)
    turned = max(np.abs(one.cosines - axes).max() for one in each) * max(x, y)
    scaled = max(np.abs(np.subtract(one.pixel, grid.spacing[:2])).max() for one in each) * max(x, y)
    apart = np.linalg.norm(wanted[:, None] - positions[None], axis=2)
    nearest = apart.argmin(axis=1)
    off = float(apart.min(axis=1).max())
    one_each = len(each) == 1 or np.array_equal(nearest, np.arange(len(each)))
    fault = ""
    if (int(first.get("Columns", 0)), int(first.get("Rows", 0))) != (x, y):
        fault = (
            f"images of {first.get('Columns')} x {first.get('Rows')} pixels, slices of {x} x {y}"
        )
    elif turned * max(grid.spacing[:2]) > tolerance or scaled > tolerance:
        fault = "images of another orientation or pixel size"
    elif off > tolerance:
        fault = f"slices up to {off:.3g} mm from the nearest image"
    elif not one_each or (len(each) > 1 and len(each) != z):
        fault = f"{len(each)} images for {z} slices, or in another order"
    if fault:
        raise BadInput(
            "the mask is not on the grid of its DICOM series",
            found=fault,
            expected="a mask whose slices are the images of the series",
            do="Save it as NIfTI or NRRD, or draw it on the series itself",
        )
    return tuple(int(index) for index in nearest)


def _mend(dataset: Dataset, first: Dataset, grid: Grid) -> None:
    for key in _OFTEN_MISSING:
        if key not in dataset:
            setattr(dataset, key, "")
    gap = DSfloat(grid.spacing[2], auto_format=True)
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        dataset.ImageOrientationPatient = first.ImageOrientationPatient
        dataset.PixelSpacing = first.PixelSpacing
        dataset.SpacingBetweenSlices = gap
        dataset.SliceThickness = dataset.get("SliceThickness") or gap
        return
    own = dataset.PerFrameFunctionalGroupsSequence[0]
    if not dataset.get("SharedFunctionalGroupsSequence"):
        dataset.SharedFunctionalGroupsSequence = [Dataset()]
    shared = dataset.SharedFunctionalGroupsSequence[0]
    for key in ("PlaneOrientationSequence", "PixelMeasuresSequence"):
        if not shared.get(key):
            setattr(shared, key, own[key].value)
    measures = shared.PixelMeasuresSequence[0]
    measures.SpacingBetweenSlices = gap
    measures.SliceThickness = measures.get("SliceThickness") or gap
