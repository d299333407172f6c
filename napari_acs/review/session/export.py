"""A session's reads as JSON and CSV: decisions, times, answers; no path, nobody's name."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari_acs
from napari_acs.review.session.audit import audit_report
from napari_acs.review.session.database import reading
from napari_acs.review.session.form import form_of
from napari_acs.review.session.log import read_events
from napari_acs.review.session.merge import Merged, ReadRow
from napari_acs.review.session.verify import changed_logs

if TYPE_CHECKING:
    from napari_acs.review.report.naming import Names

_COLUMNS = (
    *(
        "session",
        "rater",
        "case",
        "patient",
        "day",
        "read",
        "item",
        "ai",
        "status",
        "bulk",
        "audited",
    ),
    *("at", "seconds", "volume_ml", "note", "log_head", "log"),
)
_DECISIONS = "kind IN ('decision', 'bulk', 'audit', 'revealed', 'promotion')"


def report_of(merged: Merged, names: Names) -> dict[str, Any]:
    """Return everything as JSON holds it; raters, cases and patients as ``names`` calls them.

    ``log_head`` of each rater is what `verify.verify` takes later to show that nothing was cut
    off since. ``log`` is the file itself, by which exports of several files made one by one can be
    put together: each calls its rater *Rater 1*. Notes and free answers are as they were typed.
    """
    first = next(iter(merged.states.values()))
    files = merged.files
    changed = changed_logs(files)
    return {
        "format": 1,
        "session": merged.session,
        "napari-acs": napari_acs.__version__,
        "form": dict(first.form),
        "idle_s": first.idle_s,
        "seed": first.seed,
        "raters": {
            names.raters[rater]: {
                "log": state.log,
                "log_head": str(state.head),
                "log_sound": rater not in changed,
                "items": len(state.items),
                "clock_went_back": list(state.clock_went_back),
                "audit": asdict(audit_report(state)) if state.audits else None,
                "decisions": _decisions(files[rater]) if rater in files else [],
            }
            for rater, state in merged.states.items()
        },
        "reads": [_record(row, names) for row in merged.reads],
    }


def table_of(merged: Merged, names: Names) -> str:
    """Return the reads as CSV: a line each, and a column for each field of the form."""
    first = next(iter(merged.states.values()))
    fields = [field.name for field in form_of(first.form).fields]
    text = io.StringIO()
    columns = [*_COLUMNS, *(f"form_{name}" for name in fields)]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in merged.reads:
        answers = {f"form_{name}": cell(row.answers.get(name)) for name in fields}
        record = {key: cell(value) for key, value in _record(row, names).items()}
        state = merged.states[row.rater]
        known = {"session": merged.session, "log": state.log, "log_head": str(state.head)}
        told = {key: value for key, value in record.items() if key in _COLUMNS}
        writer.writerow({**told, **known, **answers})
    return text.getvalue()


def _record(row: ReadRow, names: Names) -> dict[str, Any]:
    record = asdict(row)
    del record["file"]
    record["rater"] = names.raters[row.rater]
    record["case"] = names.cases[row.case]
    record["patient"] = names.patients[row.patient]
    volume = record["volume_ml"]
    record["volume_ml"] = None if volume is None else round(volume, 4)
    return {**record, "seconds": round(row.seconds, 1), "answers": dict(row.answers)}


def _decisions(file: Path) -> list[dict[str, Any]]:
    with reading(file) as connection:
        return [
            {"event": e.seq, "at": e.at, "kind": e.kind, "item": e.item, "mask": e.mask, **e.read()}
            for e in read_events(connection, _DECISIONS)
        ]


def cell(value: Any) -> Any:
    """Return a value as a table holds it; no spreadsheet takes it for a formula."""
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").replace("\r", "\n")  # csv leaves it without quotes
        if value.startswith(("=", "+", "-", "@", "\t")):
            return f"'{value}"  # a spreadsheet would run it as a formula
    return value
