"""The files of several raters of one session, read together into one table of reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.grid import Grid
from napari_acs.review.session.activity import times, times_at
from napari_acs.review.session.chain import Head
from napari_acs.review.session.database import reading
from napari_acs.review.session.fold import EDITS, mask_of, read_state
from napari_acs.review.session.log import read_events
from napari_acs.review.session.masks import final_mask
from napari_acs.review.session.read_facts import ReadFacts
from napari_acs.review.session.replay import mask_at, replaying
from napari_acs.review.session.state import Item, Mask, Read, SessionState

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ReadRow(ReadFacts):
    """A read, as its rater's file holds it; an item that is read in two parts gives two.

    Attributes
    ----------
    answers : mapping
        As the reader left them, also those mended after the decision.
    mask : int or None
        The mask that it is about; see `read_labels_of`.
    until : int or None
        The event after which the mask was as it was decided on; None: as it is now.
    volume_ml : float or None
        Of all its labels.
    file : Path
        The rater's.
    """

    answers: Mapping[str, Any]
    mask: int | None
    until: int | None
    volume_ml: float | None
    file: Path


@dataclass(frozen=True)
class Merged:
    """Reads of one session.

    Attributes
    ----------
    session : str
    states : mapping of str to SessionState
        By rater.
    reads : tuple of ReadRow
        By case, rater and read.
    """

    session: str
    states: Mapping[str, SessionState]
    reads: tuple[ReadRow, ...]

    @property
    def files(self) -> Mapping[str, Path]:
        """The file of each rater who has anything to read."""
        return {row.rater: row.file for row in self.reads}

    @property
    def heads(self) -> Mapping[str, Head]:
        """The last event of each rater's log; see `verify.Verdict`."""
        return {rater: state.head for rater, state in self.states.items()}


def merge(files: Sequence[Path]) -> Merged:
    """Read the files of one session's raters; nothing is written.

    Raises
    ------
    BadInput
        Files of different sessions, of other images, two of one rater, or one that cannot be
        read.
    """
    states: dict[str, SessionState] = {}
    found: list[ReadRow] = []
    first: tuple[Path, SessionState] | None = None
    for file in files:
        with reading(file) as connection:
            state = read_state(connection)
            if first is None:
                first = (file, state)
            _check_same(first, (file, state))
            if state.rater in states:
                raise BadInput(
                    f"{file.name} is a second file of {state.rater}",
                    expected="one file a rater",
                    do="Leave one of them out",
                )
            states[state.rater] = state
            found += _reads(connection, state, file)
    if first is None:
        raise BadInput("There is no review file to read", do="Name one or more")
    ordered = sorted(found, key=lambda row: (row.case, row.rater, row.read))
    return Merged(first[1].id, states, tuple(ordered))


def read_labels_of(row: ReadRow) -> tuple[NDArray[np.uint8], Grid] | None:
    """Return the labels (z, y, x) that a read is about, and their grid; None where it has none."""
    if row.mask is None:
        return None
    with reading(row.file) as connection, replaying(row.file):
        # Not the whole state for each of thousands.
        mask = mask_of(next(read_events(connection, "seq = ?", (row.mask,))))
        return mask_at(connection, mask, row.until), mask.grid


def _check_same(first: tuple[Path, SessionState], other: tuple[Path, SessionState]) -> None:
    (known, one), (file, two) = first, other
    if one.id != two.id:
        raise BadInput(
            f"{file} is of another session than {known}",
            expected="files that one napari-acs review new has made for several raters",
        )
    contents = [{n: case.content for n, case in state.cases.items()} for state in (one, two)]
    if contents[0] != contents[1]:
        names = sorted(set(contents[0].items()) ^ set(contents[1].items()))
        raise BadInput(
            f"{file.name} is about other images than {known.name}",
            found=f"other files of {names[0][0]}",
            expected="the same cases, file by file",
        )
    days = [
        {n: (case.patient, case.day) for n, case in state.cases.items()} for state in (one, two)
    ]
    if days[0] != days[1]:
        raise BadInput(
            f"{file.name} gives the exams of patients another order than {known.name}",
            expected="files that one napari-acs review new has made for several raters",
        )


def _reads(connection: sqlite3.Connection, state: SessionState, file: Path) -> list[ReadRow]:
    spent = times(connection, state.idle_s)
    unaided = times_at(connection, state.idle_s, _revealed_at(connection))
    found = []
    for item in state.items.values():
        total = spent.get(item.number, 0.0)
        if item.revealed and item.unaided is not None:
            before = unaided[item.number]
            found.append(_row(connection, state, file, item, "before", item.unaided, before))
            last = item.decided
            aided = last if last is not None and last.seq != item.unaided.seq else None
            found.append(_row(connection, state, file, item, "after", aided, total - before))
        else:
            ai = "before" if item.ai == "after" else item.ai
            found.append(_row(connection, state, file, item, ai, item.decided, total))
    return found


def unaided_seconds(connection: sqlite3.Connection, state: SessionState, item: Item) -> float:
    """Return the active time of an item's first read, where it is read in two parts; else 0."""
    if not item.revealed or item.unaided is None:
        return 0.0
    revealed = {item.number: _revealed_at(connection)[item.number]}
    return times_at(connection, state.idle_s, revealed)[item.number]


def _row(
    connection: sqlite3.Connection,
    state: SessionState,
    file: Path,
    item: Item,
    ai: str,
    decided: Read | None,
    seconds: float,
) -> ReadRow:
    past = ai == "before" and item.revealed
    holds = decided is not None and (past or item.status == decided.status)
    mask = final_mask(state, item)
    if decided is not None and holds:
        mask = state.masks.get(decided.mask or 0)
    until = decided.seq if decided is not None and holds else None
    return ReadRow(
        rater=state.rater,
        case=item.case,
        patient=state.cases[item.case].patient,
        day=state.cases[item.case].day,
        read=item.read,
        item=item.number,
        ai=ai,
        status=decided.status if past and decided is not None else item.status,
        bulk=decided.bulk if decided is not None and holds else "",
        audited=item.audited,
        at=decided.at if decided is not None and holds else "",
        seconds=seconds,
        answers=decided.answers if past and decided is not None else item.answers,
        note=item.unaided_note if past else item.note,
        mask=mask.id if mask else None,
        until=until,
        volume_ml=_voxels(connection, mask, until) * mask.grid.voxel_ml if mask else None,
        file=file,
    )


def _voxels(connection: sqlite3.Connection, mask: Mask, until: int | None) -> int:
    """Return how many labelled voxels a mask had after an event, as the log noted it."""
    if until is None:
        return mask.voxels
    kinds = ("mask", *EDITS)
    marks = ", ".join("?" for _ in kinds)
    where = f"SELECT max(seq) FROM event WHERE mask = ? AND seq <= ? AND kind IN ({marks})"
    last = connection.execute(where, (mask.id, until, *kinds)).fetchone()[0]
    return int(next(read_events(connection, "seq = ?", (last,))).read()["voxels"])


def _revealed_at(connection: sqlite3.Connection) -> dict[int, int]:
    """Return the event by which the masks of others were shown, of each item where they were."""
    query = "SELECT item, min(seq) FROM event WHERE kind = 'revealed' GROUP BY item"
    return {int(item): int(seq) for item, seq in connection.execute(query)}
