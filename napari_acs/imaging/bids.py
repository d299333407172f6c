"""BIDS: images under ``sub-*/ses-*/anat``, masks in a derivative; told by names alone.

pybids would index the whole data set into a database, with pandas and SQLAlchemy, for four
suffixes and a mask.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.names import SEQUENCES, TITLES, is_image_name, strip_suffix

_SUFFIXES = {"T1w": "t1", "T2w": "t2", "FLAIR": "flair"}
_MASKS = ("dseg", "mask", "roi")


@dataclass(frozen=True)
class BidsFile:
    """An image file, by what its name says."""

    path: Path
    part: Path
    """The data set or derivative that holds the subject's folder."""
    entities: Mapping[str, str]
    suffix: str

    @property
    def study(self) -> tuple[str, str]:
        """Subject and session."""
        return self.entities["sub"], self.entities.get("ses", "")

    @property
    def sequence(self) -> str | None:
        """One of `SEQUENCES`, or None."""
        key = _SUFFIXES.get(self.suffix)
        return "t1ce" if key == "t1" and "ce" in self.entities else key

    @property
    def is_mask(self) -> bool:
        """Whether it is a mask, and not of the brain or a tissue."""
        said = " ".join(self.entities.get(key, "") for key in ("desc", "label", "acq")).lower()
        return self.suffix in _MASKS and not re.search(r"brain|head|skull|gm|wm|csf", said)


@dataclass(frozen=True)
class BidsStudy:
    """A subject and session: ``sub-01_ses-1``, its sequences, and its mask if it has one."""

    name: str
    subject: str
    sequences: Mapping[str, Path]
    mask: BidsFile | None

    @property
    def session(self) -> str:
        """The label of its session, or nothing."""
        return self.name.removeprefix(self.subject).removeprefix("_ses-")


def is_bids(root: Path) -> bool:
    """Tell whether a folder holds ``sub-*`` folders with ``anat`` in them, or says that it is."""
    if (root / "dataset_description.json").is_file():
        return True
    return any(
        (subject / "anat").is_dir() or any(subject.glob("ses-*/anat"))
        for subject in root.glob("sub-*")
    )


def find_bids(root: Path) -> tuple[BidsStudy, ...]:
    """Return the studies of a BIDS data set with derivatives: one a subject and session.

    Masks end in ``_dseg``, ``_mask`` or ``_roi`` and are not of the brain or a tissue. An image
    of the mask's own derivative goes before one of its space, and that before others.

    Raises
    ------
    BadInput
        Two masks of a session, or two images for one sequence.
    """
    files: dict[tuple[str, str], list[BidsFile]] = {}
    for path in sorted(root.rglob("sub-*_*")):
        file = _parse(path)
        if file is not None and (file.sequence or file.is_mask):
            files.setdefault(file.study, []).append(file)
    studies = []
    for (subject, session), found in sorted(files.items()):
        name = f"sub-{subject}" + (f"_ses-{session}" if session else "")
        mask = _only(name, "masks", [file for file in found if file.is_mask])
        sequences = {}
        for key in SEQUENCES:
            chosen = _nearest([file for file in found if file.sequence == key], mask, root)
            image = _only(name, f"files for {TITLES[key]}", chosen)
            if image is not None:
                sequences[key] = image.path
        studies.append(BidsStudy(name, f"sub-{subject}", sequences, mask))
    return tuple(studies)


@dataclass(frozen=True)
class LabelNames:
    """A table of labels: the values of each name."""

    table: Path
    names: Mapping[str, list[int]]


def label_names(mask: BidsFile, root: Path) -> LabelNames | None:
    """Read the names of a mask's labels: beside it, else at the top of its part or the data set.

    Raises
    ------
    BadInput
        The table has not the columns that BIDS wants.
    """
    beside = mask.path.with_name(strip_suffix(mask.path.name) + ".tsv")
    tops = [
        place / name for place in (mask.part, root) for name in ("dseg.tsv", "desc-tumor_dseg.tsv")
    ]
    table = next((file for file in (beside, *tops) if file.is_file()), None)
    if table is None:
        return None
    names: dict[str, list[int]] = {}
    for row in read_tsv(table):
        try:
            names.setdefault(row["name"], []).append(int(row["index"]))
        except (KeyError, ValueError) as error:
            raise BadInput(
                f"{table} names no labels",
                found=f"columns {', '.join(row)}",
                expected="index and name, as BIDS has them",
            ) from error
    return LabelNames(table, names)


def read_tsv(table: Path) -> list[dict[str, str]]:
    """Read a table of BIDS; ``n/a`` is nothing."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            return [
                {key: "" if value == "n/a" else value or "" for key, value in row.items() if key}
                for row in csv.DictReader(stream, delimiter="\t")
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{table} cannot be read", found=str(error)) from error


def _parse(path: Path) -> BidsFile | None:
    if not is_image_name(path.name) or not path.is_file():
        return None
    *pairs, suffix = strip_suffix(path.name).split("_")
    entities = dict(pair.split("-", 1) for pair in pairs if "-" in pair)
    folder = next((f for f in path.parents if f.name == f"sub-{entities.get('sub')}"), path)
    return BidsFile(path, folder.parent, entities, suffix)


def _nearest(images: Sequence[BidsFile], mask: BidsFile | None, root: Path) -> list[BidsFile]:
    def rank(image: BidsFile) -> int:
        if mask is not None and image.part == mask.part:
            return 0
        same_space = image.entities.get("space") == (mask and mask.entities.get("space"))
        return (1 if image.part == root else 2) if same_space else 3

    best = min(map(rank, images), default=0)
    return [image for image in images if rank(image) == best]


def _only(name: str, what: str, files: Sequence[BidsFile]) -> BidsFile | None:
    if len(files) > 1:
        raise BadInput(
            f"{name} has several {what}",
            found=", ".join(file.path.name for file in files[:4]),
            expected="one",
            do="Leave one of them in the data set, or name the files in a CSV",
        )
    return files[0] if files else None
