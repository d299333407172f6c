"""What was found among DICOM files: image series, and files that hold segmentations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.frame import Frame
from napari_acs.imaging.dicom.origin import AcquisitionTags

Kind = Literal["image", "localizer", "derived", "duplicate", "other"]
"""What a series is good for: only an ``image`` is offered to a study without asking."""


@dataclass(frozen=True)
class Series:
    """One volume of a DICOM series, by its headers; the voxels are read by `read_series`.

    Attributes
    ----------
    uid, study_uid : str
        SeriesInstanceUID and StudyInstanceUID, as in the files.
    part : str
        Which volume of the series this is, where it holds several: ``"echo time 80 ms"``.
    tags : AcquisitionTags
        With scrubbed texts.
    date : str
        ``YYYYMMDD`` or empty; to show on screen, and to write nowhere.
    size : (int, int, int)
        Voxels along x, y, z; 0 where unknown.
    spacing : (float, float, float) or None
        In mm along x, y, z; None where the headers make no grid.
    kind : {"image", "localizer", "derived", "duplicate", "other"}
    why : str
        One sentence that explains a kind other than ``"image"``.
    refused : (what, found, expected, do) or None
        Why it cannot be read; see `problem`.
    frames : tuple of Frame
        In the order of the grid's z axis, where there is a grid.
    """

    uid: str
    study_uid: str
    part: str
    tags: AcquisitionTags
    date: str = field(repr=False)
    size: tuple[int, int, int]
    spacing: tuple[float, float, float] | None
    kind: Kind
    why: str
    refused: tuple[str, str, str, str] | None
    frames: tuple[Frame, ...] = field(repr=False)

    @property
    def description(self) -> str:
        """SeriesDescription (or ProtocolName) with the patient taken out."""
        return self.tags.description or self.tags.protocol

    @property
    def modality(self) -> str:
        """``"MR"`` as a rule."""
        return self.tags.modality

    @property
    def slices(self) -> int:
        """How many slices it has."""
        return len(self.frames)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files in the order of the slices; a multi-frame file counts once."""
        return tuple(dict.fromkeys(frame.file for frame in self.frames))

    @property
    def problem(self) -> str:
        """Why it cannot be read, as `read_series` says it; empty where nothing is known."""
        refusal = self.refusal()
        return "" if refusal is None else str(refusal)

    def refusal(self) -> BadInput | None:
        """Return what `read_series` would raise by the headers alone."""
        if self.refused is None:
            return None
        what, found, expected, do = self.refused
        return BadInput(what, found=found, expected=expected, do=do)

    def refuse(self, why: BadInput) -> Series:
        """Return this series marked as one that cannot be read."""
        return replace(self, refused=(why.what, why.found, why.expected, why.do))

    @property
    def title(self) -> str:
        """What to call it in a sentence: its number, its description and its part."""
        number = self.tags.series_number
        called = "DICOM series" if number is None else f"DICOM series {number}"
        said = ", ".join(filter(None, (self.description, self.part)))
        return f"{called} ({said})" if said else called


@dataclass(frozen=True)
class SegmentationFile:
    """A file that holds masks or contours; opened by another module.

    Attributes
    ----------
    file : Path
    kind : {"SEG", "RTSTRUCT"}
    uid, study_uid : str
        SOPInstanceUID and StudyInstanceUID.
    references : tuple of str
        SeriesInstanceUIDs of the images that it was drawn on.
    tags : AcquisitionTags
        With scrubbed texts.
    """

    file: Path = field(repr=False)
    kind: str
    uid: str
    study_uid: str
    references: tuple[str, ...]
    tags: AcquisitionTags


@dataclass(frozen=True)
class Found:
    """What a folder holds.

    Attributes
    ----------
    series : tuple of Series
        By study, number and part; images, and whatever else has pixels, with its kind.
    segmentations : tuple of SegmentationFile
    others : int
        DICOM files that are neither: reports, presentation states, doses.
    """

    series: tuple[Series, ...]
    segmentations: tuple[SegmentationFile, ...]
    others: int = 0
