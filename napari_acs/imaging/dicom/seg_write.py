"""Write a label map as a DICOM segmentation of the series that it was drawn on."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.cielab import to_cielab
from napari_acs.imaging.dicom.seg_codes import ABNORMAL, BRAIN, Term, term_of
from napari_acs.imaging.dicom.source import load_source
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

MANUFACTURER = "napari-acs"
SERIES_NUMBER = 9100
"""High, so that it sorts behind the scanner's series."""


def write_seg(
    path: Path,
    labels: NDArray[np.uint8],
    grid: Grid,
    origin: DicomOrigin,
    segments: Sequence[SegmentName] = (),
    maker: Maker = UNSPECIFIED,
) -> None:
    """Write a binary DICOM segmentation, one segment a label; empty frames are left out.

    Patient and study are those of the source images, as the standard requires.

    Parameters
    ----------
    path : Path
        A new file.
    labels : ndarray of uint8, shape (z, y, x)
        On ``grid``, with one label at least.
    grid : Grid
        Its slices are the images of the series.
    origin : DicomOrigin
        The series.
    segments : sequence of SegmentName
        Names of the labels.
    maker : Maker
        What drew them.

    Raises
    ------
    BadInput
        highdicom is not installed, the mask is empty or not on the series' grid, or the series'
        headers lack what a segmentation needs.
    OSError
        The file cannot be written.
    """
    hd = _highdicom()
    named = name_segments(label_values(labels), segments)
    if not named:
        raise BadInput(
            "the mask holds no labels",
            expected="one at least: a DICOM segmentation must have a segment",
            do="Save the empty mask as NIfTI or NRRD",
        )
    source = load_source(origin, grid)
    # Segments count from 1 without gaps; the label's own number is in the description.
    number = np.zeros(256, np.uint8)
    for position, segment in enumerate(named, start=1):
        number[segment.value] = position
    try:
        seg = hd.seg.Segmentation(
            source_images=list(source.datasets),
            pixel_array=number[labels],
            segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[
                _describe(hd, position, segment, maker)
                for position, segment in enumerate(named, start=1)
            ],
            series_instance_uid=hd.UID(),
            series_number=SERIES_NUMBER,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=MANUFACTURER,
            software_versions=version("napari-acs"),
            device_serial_number="0",
            content_label="TUMOR",
            content_description="Brain tumour segmentation",
            series_description="Brain tumour segmentation",
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            "the DICOM series cannot be referred to by a segmentation",
            # Only the kind of error: its text may hold values of the patient's header.
            found=f"headers that highdicom refuses ({type(error).__name__})",
            expected="complete DICOM images of one series",
            do="Save the mask as NIfTI or NRRD instead",
        ) from error
    _number_frames(seg, source.frame)
    seg.SpecificCharacterSet = "ISO_IR 192"  # titles may be in any language
    seg.save_as(path)


def _highdicom() -> Any:
    try:
        return import_module("highdicom")
    except ImportError as error:
        raise BadInput(
            "DICOM segmentations need the package highdicom",
            found="no highdicom in this Python",
            do='Install it with: pip install "napari-acs[dicom]"',
        ) from error


def _number_frames(seg: Any, frame: tuple[int, ...]) -> None:
    """Name the frames of a multi-frame source by their own numbers, not by their slice's."""
    if not frame:
        return
    for group in seg.PerFrameFunctionalGroupsSequence:
        for derivation in group.DerivationImageSequence:
            for item in derivation.SourceImageSequence:
                item.ReferencedFrameNumber = frame[int(item.ReferencedFrameNumber) - 1] + 1


def _describe(hd: Any, position: int, segment: SegmentName, maker: Maker) -> Any:
    def coded(term: Term) -> Any:
        return hd.sr.CodedConcept(term.value, term.scheme, term.meaning)

    automatic = maker.how != "MANUAL"
    algorithm = (
        hd.AlgorithmIdentificationSequence(
            name=dicom_text(maker.model) or MANUFACTURER,
            family=coded(Term("123110", "DCM", "Artificial Intelligence")),
            version=dicom_text(maker.version) or version("napari-acs"),
        )
        if automatic
        else None
    )
    description = hd.seg.SegmentDescription(
        segment_number=position,
        segment_label=dicom_text(segment.title),
        segmented_property_category=coded(ABNORMAL),
        segmented_property_type=coded(term_of(segment)),
        algorithm_type=maker.how,
        algorithm_identification=algorithm,
        tracking_uid=hd.UID(),
        tracking_id=dicom_text(f"{MANUFACTURER} {segment.name}"),
        anatomic_regions=[coded(BRAIN)],
    )
    description.SegmentDescription = f"Label {segment.value}: {segment.name}"
    description.RecommendedDisplayCIELabValue = list(to_cielab(segment.rgb))
    return description
