"""BIDS: images under ``sub-*/ses-*/anat``, masks in a derivative.

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
from napari_acs.imaging import SEQUENCES, TITLES
from napari_acs.imaging.names import is_image_name, strip_suffix
from napari_acs.inference.label_scheme import LabelScheme, scheme_of_names
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.layouts.patients import patient_of

_SUFFIXES = {"T1w": "t1", "T2w": "t2", "FLAIR": "flair"}
_MASKS = ("dseg", "mask", "roi")


@dataclass(frozen=True)
class _File:
    path: Path
    part: Path
    """The data set or derivative that holds the subject's folder."""
    entities: Mapping[str, str]
    suffix: str

    @property
    def case(self) -> tuple[str, str]:
        return self.entities["sub"], self.entities.get("ses", "")

    @property
    def sequence(self) -> str | None:
        key = _SUFFIXES.get(self.suffix)
        return "t1ce" if key == "t1" and "ce" in self.entities else key

    @property
    def is_mask(self) -> bool:
        said = " ".join(self.entities.get(key, "") for key in ("desc", "label", "acq")).lower()
        return self.suffix in _MASKS and not re.search(r"brain|head|skull|gm|wm|csf", said)


def is_bids(root: Path) -> bool:
    """Tell whether a folder holds ``sub-*`` folders with ``anat`` in them, or says that it is."""
    if (root / "dataset_description.json").is_file():
        return True
    return any(
        (subject / "anat").is_dir() or any(subject.glob("ses-*/anat"))
        for subject in root.glob("sub-*")
    )


def read_bids(root: Path, pattern: str | None = None) -> tuple[TrainingCase, ...]:
    """Return the cases of a BIDS data set with derivatives: one a subject and session.

    Masks end in ``_dseg``, ``_mask`` or ``_roi`` and are not of the brain or a tissue. An image
    of the mask's own derivative goes before one of its space, and that before others. The names
    of the labels are taken from the ``dseg.tsv`` that BIDS wants beside a mask; ``site`` and
    ``label`` from ``participants.tsv``.

    Raises
    ------
    BadInput
        Two masks of a session, two images for one sequence, or labels that are not clear.
    """
    files: dict[tuple[str, str], list[_File]] = {}
    for path in sorted(root.rglob("sub-*_*")):
        file = _parse(path)
        if file is not None and (file.sequence or file.is_mask):
            files.setdefault(file.case, []).append(file)
    people = _participants(root / "participants.tsv")
    cases = []
    for (subject, session), found in sorted(files.items()):
        name = f"sub-{subject}" + (f"_ses-{session}" if session else "")
        mask = _only(name, "masks", [file for file in found if file.is_mask])
        sequences = {}
        for key in SEQUENCES:
            chosen = _nearest([file for file in found if file.sequence == key], mask, root)
            image = _only(name, f"files for {TITLES[key]}", chosen)
            if image is not None:
                sequences[key] = image.path
        person = people.get(f"sub-{subject}", {})
        cases.append(
            TrainingCase(
                name,
                patient_of(name, pattern) if pattern else f"sub-{subject}",
                root,
                sequences=sequences,
                mask=mask.path if mask else None,
                scheme=_scheme(mask, root) if mask else None,
                site=person.get("site", ""),
                label=person.get("label") or None,
            )
        )
    return tuple(cases)


def _parse(path: Path) -> _File | None:
    if not is_image_name(path.name) or not path.is_file():
        return None
    *pairs, suffix = strip_suffix(path.name).split("_")
    entities = dict(pair.split("-", 1) for pair in pairs if "-" in pair)
    folder = next((f for f in path.parents if f.name == f"sub-{entities.get('sub')}"), path)
    return _File(path, folder.parent, entities, suffix)


def _nearest(images: Sequence[_File], mask: _File | None, root: Path) -> list[_File]:
    def rank(image: _File) -> int:
        if mask is not None and image.part == mask.part:
            return 0
        same_space = image.entities.get("space") == (mask and mask.entities.get("space"))
        return (1 if image.part == root else 2) if same_space else 3

    best = min(map(rank, images), default=0)
    return [image for image in images if rank(image) == best]


def _only(name: str, what: str, files: Sequence[_File]) -> _File | None:
    if len(files) > 1:
        raise BadInput(
            f"{name} has several {what}",
            found=", ".join(file.path.name for file in files[:4]),
            expected="one",
            do="Leave one of them in the data set, or name the files in a CSV",
        )
    return files[0] if files else None


def _scheme(mask: _File, root: Path) -> LabelScheme | None:
    """Read the names of the labels: beside the mask, else at the top of its part."""
    beside = mask.path.with_name(strip_suffix(mask.path.name) + ".tsv")
    tops = [
        place / name for place in (mask.part, root) for name in ("dseg.tsv", "desc-tumor_dseg.tsv")
    ]
    table = next((file for file in (beside, *tops) if file.is_file()), None)
    if table is None:
        return None
    names: dict[str, list[int]] = {}
    for row in _rows(table):
        try:
            names.setdefault(row["name"], []).append(int(row["index"]))
        except (KeyError, ValueError) as error:
            raise BadInput(
                f"{table} names no labels",
                found=f"columns {', '.join(row)}",
                expected="index and name, as BIDS has them",
            ) from error
    return scheme_of_names(names, str(table))


def _participants(table: Path) -> dict[str, dict[str, str]]:
    rows = _rows(table) if table.is_file() else []
    return {row.get("participant_id", ""): row for row in rows}


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            return [
                {key: "" if value == "n/a" else value or "" for key, value in row.items() if key}
                for row in csv.DictReader(stream, delimiter="\t")
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{table} cannot be read", found=str(error)) from error
