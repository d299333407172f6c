"""One image of a study, before its voxels are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.imaging.identify.guess import SequenceGuess

if TYPE_CHECKING:
    from napari_acs.imaging.volume import Volume


@dataclass(frozen=True, eq=False)
class Candidate:
    """A file or a DICOM series that could be a sequence of the study.

    Attributes
    ----------
    title : str
        What to call it: the file's name, or the series' number and description.
    read : callable
        Reads the voxels; raises ``BadInput``.
    detail : str
        Slices and spacing, where they are known without reading the voxels.
    date : str
        Of a series, for the screen only: it must not reach a report.
    why_not : str
        Why it is not proposed (a localizer, derived, a duplicate, unreadable), or nothing.
    guess : SequenceGuess or None
        Which sequence it seems to be.
    would_be : str
        The sequence that the header of one says that cannot be read, or nothing.
    study, uid : str
        Of a DICOM series: the pseudonym of its study, and its SeriesInstanceUID.
    """

    title: str
    read: Callable[[], Volume]
    detail: str = ""
    date: str = field(default="", repr=False)
    why_not: str = ""
    guess: SequenceGuess | None = None
    would_be: str = ""
    study: str = ""
    uid: str = ""


@dataclass(frozen=True)
class MaskFile:
    """A file with a mask that lies beside the images of a study.

    Attributes
    ----------
    path : Path
    series : frozenset of str
        Of a DICOM one: SeriesInstanceUIDs of the images that it was drawn on.
    study : str
        Of a DICOM one: the pseudonym of its study.
    """

    path: Path = field(repr=False)  # folders are named after patients
    series: frozenset[str] = frozenset()
    study: str = ""
