"""A CSV: a row a case, with the paths of its files relative to the CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging import SEQUENCES, guess_sequence
from napari_acs.imaging.csv_rows import read_csv_rows
from napari_acs.inference.dataset_json import labels_of
from napari_acs.training.layouts.case import TrainingCase, named
from napari_acs.training.layouts.patients import patient_of, site_of

_OTHERS = ("case", "patient", "mask", "site", "label")


def is_table(root: Path) -> bool:
    """Tell whether a path is a CSV file."""
    return root.is_file() and root.suffix.lower() == ".csv"


def read_table(root: Path, pattern: str | None = None) -> tuple[TrainingCase, ...]:
    """Return the cases of a CSV.

    Its columns: ``case``, any of ``t1``, ``t1ce``, ``t2``, ``flair`` (or another name that says
    the sequence), and where there are any ``patient``, ``mask``, ``site``, ``label``; others are
    not read. An empty field says that a case has none. What the masks' values mean may be said
    under ``labels`` of a ``dataset.json`` beside it.

    Raises
    ------
    BadInput
        No ``case`` column or no sequence's, two columns for one thing, a row without a case, or a
        file that is not there.
    """
    header, rows = read_csv_rows(root)
    columns = _columns(header, root)
    scheme = labels_of(root.parent / "dataset.json")
    cases = []
    for number, row in rows:
        said = {key: row[column] for key, column in columns.items()}
        where = f"{root.name}, line {number}"
        name = named(said["case"], where)
        files = {key: _file(root, said[key], where) for key in SEQUENCES if said.get(key)}
        mask = _file(root, said["mask"], where) if said.get("mask") else None
        cases.append(
            TrainingCase(
                name,
                said.get("patient") or patient_of(name, pattern),
                root,
                sequences=files,
                mask=mask,
                scheme=scheme,
                site=said.get("site") or site_of(name),
                label=said.get("label") or None,
            )
        )
    return tuple(cases)


def _columns(header: Sequence[str], root: Path) -> Mapping[str, str]:
    """Return the CSV's own name of each column that is read."""
    columns: dict[str, str] = {}
    for column in header:
        plain = column.strip().lower()
        key = plain if plain in _OTHERS else guess_sequence(plain)
        if key is None:
            continue
        if key in columns:
            raise BadInput(f"{root}: the columns {columns[key]} and {column} are both {key}")
        columns[key] = column
    if "case" not in columns or not set(SEQUENCES).intersection(columns):
        raise BadInput(
            f"{root} is no table of cases",
            found=f"columns {', '.join(header) or '(none)'}",
            expected="case, t1, t1ce, t2, flair, mask, and patient, site or label if you have them",
            do="Correct its first line",
        )
    return columns


def _file(root: Path, said: str, where: str) -> Path:
    path = root.parent / said
    if not path.exists():
        raise BadInput(f"{where} names a file that is not there", found=str(path))
    return path
