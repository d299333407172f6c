"""The event log of one session, open for writing: append, and nothing else."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_acs.errors import BadInput
from napari_acs.review.session.chain import (
    Event,
    Head,
    canonical,
    event_hash,
    fault_of,
    sha256,
)
from napari_acs.review.session.database import connect_to_look, connect_to_write, log_left
from napari_acs.review.session.faults import speaking
from napari_acs.review.session.half_made import finish
from napari_acs.review.session.lock import session_lock

COLUMNS = "seq, at, backwards, run, clock_ms, kind, item, mask, data, blob_sha256, previous, hash"
_PATIENCE_S = 5.0
"""So long a window waits for somebody who only reads the session: a list, an export that begins."""
_AT_REST = ("closed", "case", "session")
"""The last kind of event in a session that was closed, or just made."""
_VERIFY = "See what napari-acs review verify says, and go on from a backup"
_INSERT = f"INSERT INTO event ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class Draft:
    """What happened, before it has a number, a time and a hash."""

    kind: str
    item: int | None = None
    mask: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    blob: bytes | None = None


def now_utc() -> str:
    """Return the machine's time."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class Log:
    """Appends events to a session, each call one transaction that is on the disk on return."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, now: Callable[[], str] = now_utc
    ) -> None:
        self.path = path
        self.connection = connection
        self._now = now
        self._started = time.monotonic()
        last = last_event(connection)
        self.head = Head() if last is None else Head(last.seq, last.hash)
        self._last_at = "" if last is None else last.at
        self.run = 0

    def start_run(self) -> None:
        """Count times from here, and let the next event be the one that opened the window."""
        self.run = self.head.seq + 1
        self._started = time.monotonic()

    def append(self, *drafts: Draft) -> list[Event]:
        """Append events, all or none.

        Raises
        ------
        BadInput
            The disk is full, sealed or faulty; the log is as it was, and can be gone on with.
        """
        events, head = [], self.head
        at, clock = self._now(), round((time.monotonic() - self._started) * 1000)
        backwards = int(at < self._last_at)
        for draft in drafts:
            event = Event(
                seq=head.seq + 1,
                at=at,
                backwards=backwards,
                run=self.run,
                clock_ms=clock,
                kind=draft.kind,
                item=draft.item,
                mask=draft.mask,
                data=canonical(draft.data),
                blob_sha256="" if draft.blob is None else sha256(draft.blob),
                previous=head.hash,
            )
            event = replace(event, hash=event_hash(event))
            events.append(event)
            head, backwards = Head(event.seq, event.hash), 0
        with speaking(self.path, "cannot be written"), transaction(self.connection):
            for event, draft in zip(events, drafts, strict=True):
                self.connection.execute(_INSERT, _row(event))
                if draft.blob is not None:
                    self.connection.execute(
                        "INSERT INTO blob (seq, content) VALUES (?, ?)", (event.seq, draft.blob)
                    )
        self.head, self._last_at = head, at
        return events

    def settle(self) -> None:
        """Move what SQLite keeps beside the file into it, so that a copy of the file alone has it.

        All of it is on the disk already: where that fails (a full disk), it is done another time.
        """
        with suppress(sqlite3.Error):
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


@contextmanager
def opened_log(path: Path, now: Callable[[], str] = now_utc) -> Iterator[Log]:
    """Give the log of an existing session, locked for this window.

    Raises
    ------
    BadInput
        Missing, no review file, of a newer version, damaged at its end, open in another window,
        or in a folder that may not be written.
    """
    if not path.is_file():
        finish([path])
    if not path.is_file():
        raise BadInput(f"{path}", found="no such file", do="Check the path")
    with ExitStack() as until_closed:
        until_closed.enter_context(session_lock(path, "open", _PATIENCE_S))
        with speaking(path, "cannot be opened"):
            _check_whole(path)
            connection = connect_to_write(path)
            until_closed.callback(connection.close)
            log = Log(path, connection, now)
        yield log


def _check_whole(path: Path) -> None:
    """Refuse what a program that copies (a cloud's, a backup's) has put together of two moments.

    SQLite pairs a file and the log beside it by their names alone, and would make one of them,
    with strokes of one moment and none of another. So a session that was not closed is gone
    through, before anything of it is written; `verify` looks closer.
    """
    with closing(connect_to_look(path)) as connection:
        connection.execute("BEGIN")
        last = last_event(connection)
        if last is None or event_hash(last) != last.hash:
            raise damaged(path, "no event" if last is None else f"event {last.seq} changed")
        if last.kind in _AT_REST and not log_left(path):
            return
        head, why = Head(), ""
        for event in read_events(connection):
            blob = read_blob(connection, event.seq) if event.blob_sha256 else b""
            why = fault_of(event, head, blob)
            if why:
                break
            head = Head(event.seq, event.hash)
        why = why or stray_fault(connection)[1] or page_fault(connection)
    if why:
        raise damaged(
            path,
            f"a session that was not closed, and in it: {why}",
            "If this is a copy, make it again while the session is closed, or with what lies "
            "beside it from the same moment; nothing was changed. Else see what napari-acs review "
            "verify says, and go on from a backup",
        )


def stray_fault(connection: sqlite3.Connection) -> tuple[int | None, str]:
    """Return the number of voxels that no event knows, and the fault that they are; or nothing."""
    (seq,) = connection.execute(
        "SELECT min(seq) FROM blob WHERE seq NOT IN (SELECT seq FROM event WHERE blob_sha256 != '')"
    ).fetchone()
    return seq, "" if seq is None else f"voxels {seq} belong to no event"


def page_fault(connection: sqlite3.Connection) -> str:
    """Return what SQLite finds wrong with its pages and indexes; nothing where they are sound."""
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return "" if found == "ok" else f"the file is damaged ({' '.join(found.split())})"


def damaged(path: Path, found: str, do: str = _VERIFY) -> BadInput:
    """Return the refusal of a log that is not as it was written."""
    return BadInput(
        f"{path.name} is not as napari-acs wrote it",
        found=found,
        do=do,
    )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block does, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself after some faults (a full disk).
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def read_events(
    connection: sqlite3.Connection, where: str = "", values: Sequence[Any] = ()
) -> Iterator[Event]:
    """Go through the events in order; ``where`` is SQL with ``?`` for ``values``."""
    clause = f"WHERE {where} " if where else ""
    rows = connection.execute(f"SELECT {COLUMNS} FROM event {clause}ORDER BY seq", values)
    return (Event(*row) for row in rows)


def last_event(connection: sqlite3.Connection) -> Event | None:
    """Return the newest event."""
    row = connection.execute(f"SELECT {COLUMNS} FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    return None if row is None else Event(*row)


def read_blob(connection: sqlite3.Connection, seq: int) -> bytes:
    """Return the bytes that belong to an event; none where they are missing."""
    # A forger may have put a text there.
    row = connection.execute(
        "SELECT CAST(content AS BLOB) FROM blob WHERE seq = ?", (seq,)
    ).fetchone()
    return b"" if row is None or row[0] is None else bytes(row[0])


def _row(event: Event) -> tuple[Any, ...]:
    return tuple(getattr(event, name) for name in COLUMNS.split(", "))
