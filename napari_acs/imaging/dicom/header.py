"""What is needed of a DICOM file's header to find and place its images; no pixel is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom.datadict import tag_for_keyword

from napari_acs.imaging.dicom.frame import Frame, read_frames
from napari_acs.imaging.dicom.open import NotReadable, open_dataset, quiet
from napari_acs.imaging.dicom.origin import AcquisitionTags
from napari_acs.imaging.dicom.values import (
    integer,
    items,
    number,
    text,
    texts,
    uid,
    uid_name,
    value,
)
from napari_acs.imaging.scrub import IDENTIFYING, Scrubber

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SEGMENTATIONS = {
    "1.2.840.10008.5.1.4.1.1.66.4": "SEG",
    "1.2.840.10008.5.1.4.1.1.66.7": "SEG",
    "1.2.840.10008.5.1.4.1.1.481.3": "RTSTRUCT",
}
"""SOP classes that hold masks: segmentation, label map segmentation, structure set."""

_KEYWORDS = (
    *("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "Modality"),
    *("ImageType", "InstanceNumber", "SeriesNumber", "SeriesDescription", "ProtocolName"),
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelSpacing"),
    *("ImagePositionPatient", "ImageOrientationPatient", "RescaleSlope", "RescaleIntercept"),
    *("EchoTime", "RepetitionTime", "InversionTime", "FlipAngle", "TemporalPositionIdentifier"),
    *("AcquisitionNumber", "TriggerTime", "DiffusionBValue", "DiffusionGradientOrientation"),
    *("ScanningSequence", "SequenceVariant", "ContrastBolusAgent", "ContrastBolusAgentSequence"),
    *("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"),
    *("ReferencedSeriesSequence", "ReferencedFrameOfReferenceSequence", "AcquisitionTime"),
    "SpecificCharacterSet",
)
_PRIVATE = (0x00190010, 0x0019100A, 0x0019100C, 0x00430010, 0x00431039)
_MOSAIC = 0x0019100A


@dataclass(frozen=True)
class Header:
    """One file.

    Attributes
    ----------
    file : Path
    bytes : int
        Size of the file.
    uid, series_uid, study_uid : str
    sop_class : str
    date : str
        Of the study, ``YYYYMMDD``; to show, and to write nowhere.
    time : str
        AcquisitionTime, to tell series apart that were sent twice.
    tags : AcquisitionTags
        Its texts are scrubbed.
    frames : tuple of Frame
        Empty for what is no image.
    mosaic : bool
        Many slices are tiled in one picture (Siemens).
    references : tuple of str
        For SEG and RTSTRUCT: the series that it was drawn on.
    """

    file: Path = field(repr=False)
    bytes: int
    uid: str
    series_uid: str
    study_uid: str
    sop_class: str
    date: str = field(repr=False)
    time: str = field(repr=False)
    tags: AcquisitionTags
    frames: tuple[Frame, ...] = field(repr=False)
    mosaic: bool = False
    references: tuple[str, ...] = ()


def read_header(path: Path) -> Header | None:
    """Read one file's header; None when it is no DICOM file, or one that says nothing.

    Raises
    ------
    OSError
        The file cannot be opened.
    """
    with quiet():
        return _read(path)


def _read(path: Path) -> Header | None:
    wanted: list[int | str] = [tag_for_keyword(k) or 0 for k in (*_KEYWORDS, *IDENTIFYING)]
    try:
        dataset = open_dataset(path, [*wanted, *_PRIVATE])
    except NotReadable:
        return None
    sop_class = uid(dataset, "SOPClassUID")
    if not sop_class and "Rows" not in dataset:
        return None
    image_type = texts(dataset, "ImageType")
    return Header(
        file=path,
        bytes=path.stat().st_size,
        uid=uid(dataset, "SOPInstanceUID"),
        series_uid=uid(dataset, "SeriesInstanceUID"),
        study_uid=uid(dataset, "StudyInstanceUID"),
        sop_class=sop_class,
        date=text(dataset, "StudyDate") or text(dataset, "SeriesDate"),
        time=text(dataset, "AcquisitionTime"),
        tags=_tags(dataset, Scrubber(dataset)),
        frames=read_frames(path, dataset) if _is_image(sop_class, dataset) else (),
        mosaic="MOSAIC" in image_type or value(dataset, _MOSAIC) is not None,
        references=_references(dataset) if sop_class in SEGMENTATIONS else (),
    )


def _is_image(sop_class: str, dataset: Dataset) -> bool:
    """Tell images from reports, presentation states and doses, which may have rows as well."""
    known = uid_name(sop_class)
    if known:
        return "Image Storage" in known
    return "Rows" in dataset  # a vendor's own class


def _tags(dataset: Dataset, scrubber: Scrubber) -> AcquisitionTags:
    def clean(many: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(scrubber.scrub, many))

    return AcquisitionTags(
        description=scrubber.scrub(text(dataset, "SeriesDescription")),
        protocol=scrubber.scrub(text(dataset, "ProtocolName")),
        modality=scrubber.scrub(text(dataset, "Modality")),
        image_type=clean(texts(dataset, "ImageType")),
        scanning_sequence=clean(texts(dataset, "ScanningSequence")),
        sequence_variant=clean(texts(dataset, "SequenceVariant")),
        echo_time_ms=number(dataset, "EchoTime"),
        repetition_time_ms=_or_shared(dataset, "RepetitionTime"),
        inversion_time_ms=number(dataset, "InversionTime"),
        flip_angle_deg=_or_shared(dataset, "FlipAngle"),
        contrast_agent=None if (agent := _agent(dataset)) is None else scrubber.scrub(agent),
        series_number=integer(dataset, "SeriesNumber"),
    )


def _agent(dataset: Dataset) -> str | None:
    if "ContrastBolusAgent" in dataset:
        return text(dataset, "ContrastBolusAgent")
    coded = items(dataset, "ContrastBolusAgentSequence")  # as enhanced images say it
    return text(coded[0], "CodeMeaning") if coded else None


def _or_shared(dataset: Dataset, keyword: str) -> float | None:
    found = number(dataset, keyword)
    for group in items(dataset, "SharedFunctionalGroupsSequence")[:1] if found is None else ():
        for timing in items(group, "MRTimingAndRelatedParametersSequence")[:1]:
            found = number(timing, keyword)
    return found


def _references(dataset: Dataset) -> tuple[str, ...]:
    places = [dataset]
    for frame in items(dataset, "ReferencedFrameOfReferenceSequence"):
        for study in items(frame, "RTReferencedStudySequence"):
            places += items(study, "RTReferencedSeriesSequence")
    found = [
        uid(series, "SeriesInstanceUID")
        for place in places
        for series in (items(place, "ReferencedSeriesSequence") or (place,))
        if series is not dataset
    ]
    return tuple(dict.fromkeys(filter(None, found)))
