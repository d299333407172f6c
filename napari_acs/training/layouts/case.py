"""One case to train on, as a data set's layout names its files; nothing is read yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.inference.label_scheme import LabelScheme


@dataclass(frozen=True)
class TrainingCase:
    """One study with its mask or its class.

    Attributes
    ----------
    name : str
        Unique in a training; the prepared file is called so.
    patient : str
        Who it is; the studies of one patient never lie on both sides of a split.
    root : Path
        The data set that it is part of.
    sequences : mapping of str to Path
        Files by sequence (a folder, for a DICOM series).
    frames : mapping of str to int
        Which volume of a 4D file a sequence is, where the files are 4D (MSD).
    folder : Path, optional
        The study's own folder, where it has one.
    mask : Path, optional
        Reference segmentation.
    scheme : LabelScheme, optional
        What the mask's values mean, where the data set says so; otherwise BraTS's schemes.
    site : str
        Where it was scanned, or nothing.
    label : str, optional
        Its class, for classification.
    """

    name: str
    patient: str
    root: Path
    sequences: Mapping[str, Path] = field(default_factory=dict)
    frames: Mapping[str, int] = field(default_factory=dict)
    folder: Path | None = None
    mask: Path | None = None
    scheme: LabelScheme | None = None
    site: str = ""
    label: str | None = None


def named(name: str, where: str) -> str:
    """Return the name of a case as a table gives it, or refuse it.

    Parameters
    ----------
    name : str
    where : str
        What says so, for the refusal.

    Raises
    ------
    BadInput
        It would lead out of the cache, whose files are called so, or break a line of a log.
    """
    if not name or name[0] == "." or {"/", "\\"} & set(name) or not name.isprintable():
        raise BadInput(
            f"{where} names no case",
            found=repr(name)[:80],
            expected="a name that can be a file's",
            do="Correct it there",
        )
    return name
