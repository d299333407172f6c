"""The table that a session can be made of: a CSV with a study a line."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.csv_rows import read_csv_rows
from napari_acs.review.session.dates import date_in

_COLUMNS = ("study", "mask", "patient", "date", "uncertainty")

_NO_MASK = "-"


@dataclass(frozen=True)
class Line:
    """A line of the table; paths are there.

    Attributes
    ----------
    where : str
        Which line, for a refusal.
    study : Path
    mask : Path or None
        None where it says none.
    without_mask : bool
        It says (``-``) that the study's masks, if there are any, are not meant.
    patient : str
        Empty where it says none.
    date : str
        Of the exam; begins with year, month and day, or is empty.
    uncertainty : float or None
    """

    where: str
    study: Path = field(repr=False)
    mask: Path | None = field(repr=False)
    patient: str = field(repr=False)
    date: str = field(repr=False)
    uncertainty: float | None
    without_mask: bool = False


def read_lines(table: Path) -> list[Line]:
    """Read a table of studies.

    Parameters
    ----------
    table : Path
        CSV with the column ``study``, and where there are any ``mask``, ``patient``, ``date``
        (2023-01-31) and ``uncertainty``; paths relative to it.

    Raises
    ------
    BadInput
        It is no such table, or names what is not there.
    """
    header, found = read_csv_rows(table)
    columns = _columns(header, table)
    return [
        _line(
            table,
            {key: row[column] for key, column in columns.items()},
            f"{table.name}, line {number}",
        )
        for number, row in found
    ]


def _line(table: Path, row: dict[str, str], where: str) -> Line:
    if not row["study"]:
        raise BadInput(f"{where} names no study", expected="a path under study")
    mask = row.get("mask")
    without = mask == _NO_MASK
    return Line(
        where,
        _named(table, row["study"], where),
        _named(table, mask, where) if mask and not without else None,
        row.get("patient", ""),
        _date(row.get("date", ""), where),
        _number(row.get("uncertainty", ""), where),
        without,
    )


def _columns(header: Sequence[str], table: Path) -> dict[str, str]:
    """Return the table's own name of each column that is read."""
    plain = {column.strip().lower(): column for column in header}
    columns = {
        key: plain[said]
        for key in _COLUMNS
        # The last that is there counts: a table may have a number and a path of each study.
        for said in (f"{key}_id", f"{key}_path", key)
        if said in plain
    }
    if "study" not in columns:
        raise BadInput(
            f"{table.name} is no table of studies",
            found=f"columns {', '.join(header) or '(none)'}",
            expected="study, and where there are any mask, patient, date and uncertainty",
            do="Correct its first line",
        )
    return columns


def _date(said: str, where: str) -> str:
    """Return a date as the table says it; empty where it leaves it open."""
    if said and date_in(said) is None:
        raise BadInput(
            f"{where} has a date that is none",
            found=repr(said),
            expected="year, month and day as 2023-01-31, or nothing",
        )
    return said


def _number(said: str, where: str) -> float | None:
    """Return an uncertainty, or None where the table leaves it open."""
    if not said:
        return None
    try:
        number = float(said.replace(",", "."))
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise BadInput(
            f"{where} has no uncertainty",
            found=repr(said),
            expected="0 or a number above it, the higher the less sure; or nothing",
        )
    return number


def _named(table: Path, said: str, where: str) -> Path:
    path = Path(os.path.normpath(table.parent / said))
    if not path.exists():
        raise BadInput(f"{where} names a file that is not there", found=str(path))
    return path
