"""Open a review file's database: for writing by one window, or for reading alone."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.review.session.faults import speaking
from napari_acs.review.session.half_made import finish
from napari_acs.review.session.lock import READING, Busy, NoLock, session_lock
from napari_acs.review.session.schema import check_version, migrate


def connect_to_write(path: Path, *, new: bool = False) -> sqlite3.Connection:
    """Connect to a file that this process has locked (or makes), and migrate it.

    Every commit is on the disk when it returns. With ``synchronous=NORMAL`` a write-ahead log is
    synced only when it is moved into the database, so a power cut could take minutes of work;
    ``FULL`` syncs it at each commit, which costs milliseconds (benchmarks/review_journal.py).
    """
    with ExitStack() as undo:
        connection = sqlite3.connect(path, isolation_level=None)
        undo.callback(connection.close)
        connection.text_factory = _text
        if not new:
            check_version(connection, path.name)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone stops at the disk's cache
        migrate(connection)
        undo.pop_all()
    return connection


def log_left(path: Path) -> bool:
    """Tell whether a program that was killed, or copied away from, has left work beside a file."""
    return _left(path, "-wal")


def _left(path: Path, end: str) -> bool:
    real = Path(os.path.realpath(path))
    log = real.with_name(real.name + end)
    return log.is_file() and log.stat().st_size > 0


def _way(path: Path) -> str:
    """Return how to connect to a file that this process has locked, and change nothing."""
    if _left(path, "-journal"):  # where disks know no log: half a step, that must be taken back
        return "mode=rw"
    # Not "rw": closing would put file and log together for good, also where a program that copies
    # has brought only one of them yet.
    return "mode=ro" if log_left(path) else "immutable=1"


def connect_to_look(path: Path) -> sqlite3.Connection:
    """Connect to a file that this process has locked, and change nothing, not even a left log.

    Raises
    ------
    BadInput
        It is no review file, or of a newer version.
    """
    real = Path(os.path.realpath(path))
    with ExitStack() as undo:
        connection = sqlite3.connect(
            f"{real.as_uri()}?{_way(path)}", uri=True, isolation_level=None
        )
        undo.callback(connection.close)
        connection.text_factory = _text
        check_version(connection, path.name)
        undo.pop_all()
    return connection


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that only reads; also beside a window that has the file open.

    Nothing is written to the file or its log; beside them SQLite may leave an index of a left log.

    Raises
    ------
    BadInput
        The file is missing, damaged, no review file, or of a newer version.
    """
    if not path.is_file():
        finish([path])
    if not path.is_file():
        raise BadInput(f"{path}", found="no such file", do="Check the path")
    path = Path(os.path.realpath(path))  # beside which SQLite keeps its log, not beside a link
    log = path.with_name(path.name + "-wal")
    with ExitStack() as until_read:
        with speaking(path, "cannot be read"):
            left = log.is_file() and log.stat().st_size > 0
            try:
                until_read.enter_context(session_lock(path, READING))
                until_read.callback(_tidy, path)
                options = _way(path)
            except Busy:
                options = "mode=ro"
                until_read.callback(_tidy_alone, path)
            except NoLock:  # a read-only folder: nobody writes there either
                options = "immutable=1"
                if left:
                    path = _copied(path, log, until_read)
                    options = "mode=rw"
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?{options}", uri=True, isolation_level=None
            )
            until_read.callback(connection.close)
            connection.text_factory = _text
            connection.execute("PRAGMA query_only = ON")
            check_version(connection, path.name)
            connection.execute("BEGIN")  # one state of the file, whatever a window adds meanwhile
        with speaking(path, "cannot be read", of_files=False):
            yield connection


def _text(raw: bytes) -> str:
    """Read text also where it is none: a hash then says that it was changed."""
    return raw.decode("utf-8", "surrogateescape")


def _tidy(path: Path) -> None:
    """Remove the empty log that SQLite begins beside a file for a second one that reads."""
    log = path.with_name(path.name + "-wal")
    with suppress(sqlite3.Error, OSError):
        if log.is_file() and log.stat().st_size == 0:
            # SQLite removes it with the last connection that may write; not while another reads.
            with closing(sqlite3.connect(path, isolation_level=None)) as last:
                last.execute("SELECT 1 FROM event LIMIT 1").fetchone()


def _tidy_alone(path: Path) -> None:
    """Remove it if nobody is at work there; else the last one to leave does."""
    log = path.with_name(path.name + "-wal")
    with suppress(OSError, Busy, NoLock):
        if log.is_file() and log.stat().st_size == 0:
            with session_lock(path, READING):
                _tidy(path)


def _copied(path: Path, log: Path, until_read: ExitStack) -> Path:
    folder = Path(until_read.enter_context(tempfile.TemporaryDirectory(prefix="napari-acs-")))
    shutil.copy(log, folder)
    return Path(shutil.copy(path, folder))
