"""Write a label map as a DICOM RT structure set: closed contours on the slices of a series.

With pydicom alone. rt-utils 1.2.7 (2023), the one library for it, traces through pixel centres
with OpenCV, so that every structure shrinks, and rounds contours to pixels when it reads them.
"""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.outline import outlines
from napari_acs.imaging.dicom.source import Source, load_source
from napari_acs.imaging.labels.segments import (
    UNSPECIFIED,
    Maker,
    SegmentName,
    dicom_text,
    label_values,
    name_segments,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_acs.imaging.dicom.origin import DicomOrigin
    from napari_acs.imaging.grid import Grid

RTSTRUCT_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
SERIES_NUMBER = 9101
_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"  # retired, but the reference has no other class
_COPIED = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber"),
    *("ReferringPhysicianName", "StudyDescription", "PatientAge", "PatientWeight"),
    *("PatientIdentityRemoved", "DeidentificationMethod"),
    *("FrameOfReferenceUID", "PositionReferenceIndicator"),
)


def write_rtstruct(
    path: Path,
    labels: NDArray[np.uint8],
    grid: Grid,
    origin: DicomOrigin,
    segments: Sequence[SegmentName] = (),
    maker: Maker = UNSPECIFIED,
) -> None:
    """Write a structure set, one region of interest a label; see `write_seg` for parameters.

    Contours run along the edges of pixels, in patient mm, so that their area is that of the
    pixels on oblique slices too; holes are joined by a bridge. The number of a region is its label.

    Raises
    ------
    BadInput
        The mask is empty or not on the grid of the series.
    OSError
        The file cannot be written.
    """
    named = name_segments(label_values(labels), segments)
    if not named:
        raise BadInput(
            "the mask holds no labels",
            expected="one at least: a structure set must have a structure",
            do="Save the empty mask as NIfTI or NRRD",
        )
    source = load_source(origin, grid)
    dataset = _head(source)
    dataset.StructureSetROISequence = [_region(one, source, maker) for one in named]
    dataset.ROIContourSequence = [_contours(one, labels, grid, source) for one in named]
    dataset.RTROIObservationsSequence = [_observation(one) for one in named]
    dataset.save_as(path, enforce_file_format=True)


def _item(**values: Any) -> Any:
    item = Dataset()
    for key, value in values.items():
        setattr(item, key, value)
    return item


def _head(source: Source) -> Any:
    first = source.datasets[0]
    now = datetime.now()
    dataset = _item(**{key: first.get(key) for key in _COPIED if key in first})
    dataset.SOPClassUID, dataset.SOPInstanceUID = RTSTRUCT_CLASS, generate_uid()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = RTSTRUCT_CLASS
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"  # titles may be in any language
    dataset.Modality = "RTSTRUCT"
    dataset.SeriesInstanceUID, dataset.SeriesNumber = generate_uid(), SERIES_NUMBER
    dataset.SeriesDescription = "Brain tumour segmentation"
    dataset.OperatorsName = ""
    dataset.InstanceNumber = 1
    dataset.Manufacturer = dataset.ManufacturerModelName = "napari-acs"
    dataset.SoftwareVersions = version("napari-acs")
    dataset.StructureSetLabel = "TUMOR"
    dataset.InstanceCreationDate = dataset.StructureSetDate = f"{now:%Y%m%d}"
    dataset.InstanceCreationTime = dataset.StructureSetTime = f"{now:%H%M%S}"
    dataset.ApprovalStatus = "UNAPPROVED"
    images = [_reference(one, None) for one in source.datasets]
    series = _item(SeriesInstanceUID=first.SeriesInstanceUID, ContourImageSequence=images)
    study = _item(
        ReferencedSOPClassUID=_STUDY_CLASS,
        ReferencedSOPInstanceUID=first.StudyInstanceUID,
        RTReferencedSeriesSequence=[series],
    )
    dataset.ReferencedFrameOfReferenceSequence = [
        _item(FrameOfReferenceUID=first.FrameOfReferenceUID, RTReferencedStudySequence=[study])
    ]
    return dataset


def _reference(image: Any, frame: int | None) -> Any:
    item = _item(
        ReferencedSOPClassUID=image.SOPClassUID, ReferencedSOPInstanceUID=image.SOPInstanceUID
    )
    if frame is not None:
        item.ReferencedFrameNumber = frame
    return item


def _region(segment: SegmentName, source: Source, maker: Maker) -> Any:
    return _item(
        ROINumber=segment.value,
        ReferencedFrameOfReferenceUID=source.datasets[0].FrameOfReferenceUID,
        ROIName=dicom_text(segment.title),
        ROIDescription=dicom_text(segment.name, 1024),
        ROIGenerationAlgorithm=maker.how,
    )


def _contours(segment: SegmentName, labels: NDArray[np.uint8], grid: Grid, source: Source) -> Any:
    items = []
    inside = labels == segment.value
    for z in np.flatnonzero(inside.any(axis=(1, 2))).tolist():
        image, frame = source.reference(z)
        for polygon in outlines(inside[z]):
            points = grid.index_to_point(np.column_stack([polygon, np.full(len(polygon), z)]))
            items.append(
                _item(
                    ContourImageSequence=[_reference(image, frame)],
                    ContourGeometricType="CLOSED_PLANAR",
                    NumberOfContourPoints=len(points),
                    # A nanometre, and within the 16 characters that a number may have.
                    ContourData=[f"{value + 0.0:.6f}" for value in points.ravel().round(6)],
                )
            )
    return _item(
        ROIDisplayColor=list(segment.rgb),
        ReferencedROINumber=segment.value,
        ContourSequence=items,
    )


def _observation(segment: SegmentName) -> Any:
    return _item(
        ObservationNumber=segment.value,
        ReferencedROINumber=segment.value,
        ROIObservationLabel=dicom_text(segment.name, 16),
        RTROIInterpretedType="",
        ROIInterpreter="",
    )
