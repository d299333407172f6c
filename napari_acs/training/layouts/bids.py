"""BIDS with derivatives, as cases to train on; `imaging.bids` tells the files by their names."""

from __future__ import annotations

import csv
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.bids import BidsFile, find_bids, is_bids
from napari_acs.imaging.names import strip_suffix
from napari_acs.inference.label_scheme import LabelScheme, scheme_of_names
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.layouts.patients import patient_of

__all__ = ["is_bids", "read_bids"]


def read_bids(root: Path, pattern: str | None = None) -> tuple[TrainingCase, ...]:
    """Return the cases of a BIDS data set; see `napari_acs.imaging.bids.find_bids`.

    The names of the labels are taken from the ``dseg.tsv`` that BIDS wants beside a mask; ``site``
    and ``label`` from ``participants.tsv``.

    Raises
    ------
    BadInput
        Two masks of a session, two images for one sequence, or labels that are not clear.
    """
    people = _participants(root / "participants.tsv")
    cases = []
    for study in find_bids(root):
        person = people.get(study.subject, {})
        cases.append(
            TrainingCase(
                study.name,
                patient_of(study.name, pattern) if pattern else study.subject,
                root,
                sequences=study.sequences,
                mask=study.mask.path if study.mask else None,
                scheme=_scheme(study.mask, root) if study.mask else None,
                site=person.get("site", ""),
                label=person.get("label") or None,
            )
        )
    return tuple(cases)


def _scheme(mask: BidsFile, root: Path) -> LabelScheme | None:
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
