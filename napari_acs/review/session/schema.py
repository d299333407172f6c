"""The tables of a review file, and the way from older versions to this one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from napari_acs.errors import BadInput

APPLICATION_ID = 0x41435352
"""``ACSR``, in the header of every review file."""

_VERSION_1 = """
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    backwards INTEGER NOT NULL,
    run INTEGER NOT NULL,
    clock_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    item INTEGER,
    mask INTEGER,
    data TEXT NOT NULL,
    blob_sha256 TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);
-- Apart from the events, so that going through those does not go through the voxels.
CREATE TABLE blob (seq INTEGER PRIMARY KEY REFERENCES event (seq), content BLOB NOT NULL);
CREATE INDEX event_by_mask ON event (mask, seq) WHERE mask IS NOT NULL;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
-- INSERT OR REPLACE would delete without a DELETE trigger; this one stops it, too.
CREATE TRIGGER event_in_order BEFORE INSERT ON event
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM event)
    BEGIN SELECT RAISE(ABORT, 'events are numbered one after the other'); END;
CREATE TRIGGER blob_no_update BEFORE UPDATE ON blob
    BEGIN SELECT RAISE(ABORT, 'voxels of events are never changed'); END;
CREATE TRIGGER blob_no_delete BEFORE DELETE ON blob
    BEGIN SELECT RAISE(ABORT, 'voxels of events are never deleted'); END;
CREATE TRIGGER blob_in_order BEFORE INSERT ON blob
    WHEN NEW.seq IS NOT (SELECT max(seq) FROM event)
        OR EXISTS (SELECT 1 FROM blob WHERE seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'voxels belong to the event that was just written'); END;
"""

# Tables stay, but version 1 would stumble over what cases know now: the day of the exam.
_VERSION_2 = ""

STEPS: Sequence[str] = (_VERSION_1, _VERSION_2)
"""What leads from version n to n + 1. Steps may add; what events say is never rewritten."""


def version_of(connection: sqlite3.Connection) -> int:
    """Return the schema's version (``user_version``)."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(connection: sqlite3.Connection, name: str, newest: int = len(STEPS)) -> None:
    """Make sure that a file is a review file of a version that is known.

    Raises
    ------
    BadInput
        It is another kind of file, was written by a newer napari-acs, or bears no version.
    """
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise BadInput(
            f"{name} is no review file",
            found="a database of something else",
            expected="a file that napari-acs review new has made",
            do="Choose another file",
        )
    version = version_of(connection)
    if version < 1:
        raise BadInput(
            f"{name} is not as napari-acs wrote it",
            found=f"version {version} of the review file",
            expected=f"1 to {newest}",
            do="Go on from a backup",
        )
    if version > newest:
        raise BadInput(
            f"{name} was written by a newer napari-acs",
            found=f"version {version} of the review file",
            expected=f"at most version {newest}",
            do="Update napari-acs (pip install -U napari-acs); the file was not touched",
        )


def migrate(connection: sqlite3.Connection, steps: Sequence[str] = STEPS) -> None:
    """Bring the tables to the newest version, all steps or none.

    Parameters
    ----------
    connection : sqlite3.Connection
        In autocommit mode.
    steps : sequence of str
        SQL; see `STEPS`.
    """
    version = version_of(connection)
    if version >= len(steps):
        return
    script = "\n".join(steps[version:])
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{script}\nPRAGMA application_id = {APPLICATION_ID};\n"
            f"PRAGMA user_version = {len(steps)};\nCOMMIT;"
        )
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def changed_rules(connection: sqlite3.Connection) -> list[str]:
    """Return the names of tables, indexes and triggers that are not as this version makes them.

    Somebody who edits a log by hand first has to take the triggers away.
    """
    own = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(own, STEPS[: version_of(connection)])
        expected = dict(own.execute(_RULES))
    finally:
        own.close()
    found = dict(connection.execute(_RULES))
    names = sorted({*expected, *found})
    return [name for name in names if expected.get(name) != found.get(name)]


_RULES = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
