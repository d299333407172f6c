"""The results file: one JSON object a line, one line a run."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a results file; none if it is not there.

    A last line without its end, of a process that was killed, is left out.
    """
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n") and line.strip()]


def append_row(file: Path, row: str) -> None:
    """Add a row to a results file, on the disk when this returns.

    A last line without its end, of a process that was killed, is cut off first: the row would
    become a part of it, and the file could not be read any more.
    """
    with file.open("ab+") as stream:
        stream.seek(0)
        text = stream.read()
        if not text.endswith(b"\n"):
            stream.truncate(text.rfind(b"\n") + 1)
        stream.write(row.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def refuse_mixed(rows: Sequence[dict[str, Any]]) -> None:
    """Refuse rows that no table may hold together.

    Raises
    ------
    SystemExit
        Runs of one encoder (trials apart) differ in steps, batch, patch or learning rate, or two
        runs of one fold judged other cases.
    """
    for encoder in dict.fromkeys(row["encoder"] for row in rows):
        trained = [row for row in rows if row["encoder"] == encoder and not row.get("trial")]
        settings = dict.fromkeys(_settings(row) for row in trained)
        if len(settings) > 1:
            raise SystemExit(
                f"The runs of {encoder} are not of one kind: {'; '.join(settings)}. Give each kind "
                "a results file (--out) of its own"
            )
    judged: dict[int, tuple[str, frozenset[str]]] = {}
    for row in rows:
        if not row.get("trial"):
            key, cases = judged.setdefault(row["fold"], (row["key"], frozenset(row["cases"])))
            refuse_other_cases(row, cases, key)


def refuse_other_cases(row: dict[str, Any], cases: Collection[str], as_in: str) -> None:
    """Refuse a row that was judged on other cases than those; see `refuse_mixed`."""
    odd = sorted(set(row["cases"]) ^ set(cases))
    if odd:
        raise SystemExit(
            f"{row['key']} was not judged on the cases of {as_in} (one has {', '.join(odd[:3])}, "
            "the other has not): the cache holds other cases now, or other patients. Begin in "
            "another --out"
        )


def refuse_another_kind(row: dict[str, Any], **wanted: Any) -> None:
    """Refuse a row that is there already, but of other settings than those that are asked for."""
    now = _settings(row), _settings(wanted)
    if now[0] != now[1]:
        raise SystemExit(
            f"{row['key']} is there with {now[0]}, and was asked for with {now[1]}. Begin in "
            "another --out"
        )


def _settings(row: Mapping[str, Any]) -> str:
    patch = " x ".join(str(side) for side in row["patch"])
    return f"{row['steps']} steps, batch {row['batch']}, patch {patch}, rate {row['rate']:g}"
