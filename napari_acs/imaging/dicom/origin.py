"""What a volume remembers of the DICOM series it came from. Nothing in it names a patient."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class AcquisitionTags:
    """How a series was acquired, as its header says; empty or None where it says nothing.

    Attributes
    ----------
    description, protocol : str
        SeriesDescription and ProtocolName, with whatever equals a part of the patient's name,
        ID or a date taken out.
    modality : str
        ``"MR"`` as a rule.
    image_type, scanning_sequence, sequence_variant : tuple of str
        The values of these tags, in upper case.
    echo_time_ms, repetition_time_ms, inversion_time_ms, flip_angle_deg : float or None
    contrast_agent : str or None
        ContrastBolusAgent; None where the tag is missing, ``""`` where it is there and empty.
    series_number : int or None
    """

    description: str = ""
    protocol: str = ""
    modality: str = ""
    image_type: tuple[str, ...] = ()
    scanning_sequence: tuple[str, ...] = ()
    sequence_variant: tuple[str, ...] = ()
    echo_time_ms: float | None = None
    repetition_time_ms: float | None = None
    inversion_time_ms: float | None = None
    flip_angle_deg: float | None = None
    contrast_agent: str | None = None
    series_number: int | None = None


@dataclass(frozen=True)
class DicomOrigin:
    """The files of a volume and what their headers say of the acquisition.

    Attributes
    ----------
    files : tuple of Path
        One a slice, in the order of the grid's z axis; or the one multi-frame file.
    tags : AcquisitionTags
    study_key : str
        Stable pseudonym of the study (`napari_acs.imaging.pseudonym`).
    """

    files: tuple[Path, ...] = field(repr=False)  # folders are named after patients
    tags: AcquisitionTags
    study_key: str
