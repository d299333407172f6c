"""Small DICOM series on any grid, classic or multi-frame, for segmentations to refer to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import DSfloat

from napari_acs.imaging import Grid
from napari_acs.imaging.dicom.origin import AcquisitionTags, DicomOrigin

MR = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"


def ds(value: float) -> DSfloat:
    return DSfloat(float(value), auto_format=True)


def as_dicom(grid: Grid) -> Grid:
    """Return the grid as a series can hold it: slices along or against the right-hand normal."""
    direction = np.reshape(grid.direction, (3, 3))
    numbers = [float(ds(v)) for v in direction[:, :2].T.ravel()]
    row, column = np.reshape(numbers, (2, 3))
    normal = np.cross(row, column) * np.sign(np.linalg.det(direction))
    spacing = tuple(float(ds(v)) for v in grid.spacing)
    origin = tuple(float(ds(v)) for v in grid.origin)
    return Grid(grid.size, spacing, origin, tuple(np.stack([row, column, normal], 1).ravel()))


def write_series(folder: Path, grid: Grid, *, order=None) -> DicomOrigin:
    """Write one file a slice; ``order`` names the files in another order than z."""
    common, pixels = _common(MR), _pixels(grid)
    files = []
    for z in range(grid.size[2]):
        image = _copy(common)
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        image.InstanceNumber = z + 1
        image.ImagePositionPatient = [ds(v) for v in grid.index_to_point([(0, 0, z)])[0]]
        image.ImageOrientationPatient = _orientation(grid)
        image.PixelSpacing = [ds(grid.spacing[1]), ds(grid.spacing[0])]
        image.SliceThickness = ds(grid.spacing[2] * 0.8)  # with a gap, as scanners do
        _put_pixels(image, pixels[z])
        number = z if order is None else order[z]
        files.append(folder / f"image{number:03}.dcm")
        image.save_as(files[-1], enforce_file_format=True)
    return DicomOrigin(tuple(files), AcquisitionTags(modality="MR"), "study")


def write_multiframe(folder: Path, grid: Grid, *, order=None, per_frame=True) -> DicomOrigin:
    """Write one enhanced file; frame ``i`` shows slice ``order[i]``."""
    image, pixels = _common(ENHANCED_MR), _pixels(grid)
    order = list(range(grid.size[2])) if order is None else list(order)
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image.InstanceNumber = 1
    orientation, measures = Dataset(), Dataset()
    orientation.ImageOrientationPatient = _orientation(grid)
    measures.PixelSpacing = [ds(grid.spacing[1]), ds(grid.spacing[0])]
    measures.SliceThickness = ds(grid.spacing[2] * 0.8)
    shared, frames = Dataset(), []
    for z in order:
        frame, position, content = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [ds(v) for v in grid.index_to_point([(0, 0, z)])[0]]
        frame.PlanePositionSequence = Sequence([position])
        content.DimensionIndexValues = [z + 1]
        frame.FrameContentSequence = Sequence([content])
        if per_frame:
            frame.PlaneOrientationSequence = Sequence([orientation])
            frame.PixelMeasuresSequence = Sequence([measures])
        frames.append(frame)
    if not per_frame:
        shared.PlaneOrientationSequence = Sequence([orientation])
        shared.PixelMeasuresSequence = Sequence([measures])
    image.SharedFunctionalGroupsSequence = Sequence([shared])
    image.PerFrameFunctionalGroupsSequence = Sequence(frames)
    image.NumberOfFrames = len(frames)
    _put_pixels(image, pixels[order])
    image.save_as(folder / "multiframe.dcm", enforce_file_format=True)
    return DicomOrigin((folder / "multiframe.dcm",), AcquisitionTags(modality="MR"), "study")


def _orientation(grid: Grid) -> list[DSfloat]:
    return [ds(v) for v in np.reshape(grid.direction, (3, 3))[:, :2].T.ravel()]


def _pixels(grid: Grid) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 900, grid.shape).astype(np.uint16)


def _copy(common: Dataset) -> Dataset:
    image = Dataset()
    image.update(common)
    image.file_meta = FileMetaDataset()
    image.file_meta.update(common.file_meta)
    return image


def _common(sop_class: str) -> Dataset:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.MediaStorageSOPClassUID = sop_class
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID, image.Modality = sop_class, "MR"
    image.PatientName, image.PatientID = "Doe^Jane", "P-4711"
    image.PatientBirthDate, image.PatientSex = "19700101", "F"
    image.StudyDate, image.StudyTime, image.StudyID = "20200202", "101112", "1"
    image.AccessionNumber, image.ReferringPhysicianName = "A1", ""
    image.StudyInstanceUID, image.SeriesInstanceUID = generate_uid(), generate_uid()
    image.FrameOfReferenceUID, image.PositionReferenceIndicator = generate_uid(), ""
    image.SeriesNumber, image.Manufacturer = 4, "Tests"
    image.ImageType = ["ORIGINAL", "PRIMARY", "M", "NONE"]
    image.SeriesDescription = "t1 mprage"
    return image


def _put_pixels(image: Dataset, pixels: np.ndarray) -> None:
    image.Rows, image.Columns = pixels.shape[-2:]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 0
    image.PixelData = np.ascontiguousarray(pixels, "<u2").tobytes()
