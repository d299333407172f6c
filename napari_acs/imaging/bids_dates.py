"""When a BIDS session was scanned, as its tables or its label say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.imaging.bids import read_tsv

if TYPE_CHECKING:
    from napari_acs.imaging.bids import BidsStudy

_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}")


def scan_time(study: BidsStudy, root: Path) -> str:
    """Return the time of a study's first scan, or nothing.

    ``acq_time`` of ``*_scans.tsv``, else of ``*_sessions.tsv``, else a label ``ses-20230131``.
    BIDS lets data sets shift all dates of a subject; the days between them stay true.

    Raises
    ------
    BadInput
        A table that cannot be read.
    """
    subject, session = root / study.subject, study.session
    home = subject / f"ses-{session}" if session else subject
    scans = _rows(home / f"{study.name}_scans.tsv")
    times = [row["acq_time"] for row in scans if _DATE.match(row.get("acq_time", ""))]
    if times:
        return min(times)
    for row in _rows(subject / f"{study.subject}_sessions.tsv"):
        if row.get("session_id") == f"ses-{session}" and _DATE.match(row.get("acq_time", "")):
            return row["acq_time"]
    return session if _DATE.fullmatch(session) else ""


def _rows(table: Path) -> list[dict[str, str]]:
    return read_tsv(table) if table.is_file() else []
