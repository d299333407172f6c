"""The place of a new session: nobody is at work there, and nothing of an older one is left.

SQLite keeps the newest pages of a session in a log of its own beside the file (``-wal``), and after
``kill -9`` leaves them there. Paired with another file of that name it would write them into that
one, so a new session never comes to lie beside an old log.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.labels.target import check_target, put_in_place
from napari_acs.review.session.faults import speaking
from napari_acs.review.session.lock import NoLock, session_lock
from napari_acs.review.session.spelling import check_name

SUFFIX = ".review"
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite puts beside a file, and pairs with it by nothing but the name."""


@contextmanager
def claimed(paths: Collection[Path], overwrite: bool) -> Iterator[None]:
    """Keep other windows from sessions that are about to be written.

    Parameters
    ----------
    paths : collection of Path
    overwrite : bool
        Whether what is there may be replaced.

    Raises
    ------
    BadInput
        A name that no session can have, a missing folder, a file or the log of an older one that
        is there and may not be replaced, one that somebody has open, or a folder without locks.
    """
    for path in paths:
        check_name(path)
        check_target(path, (SUFFIX,), overwrite)
    with ExitStack() as until_written:
        for path in paths:
            try:
                until_written.enter_context(session_lock(path, "making it anew"))
            except NoLock as refusal:
                raise BadInput(
                    f"{path.name} cannot be written",
                    found=refusal.found,
                    do="Choose a folder on a disk of this machine that you may write to",
                ) from refusal
            if not overwrite:
                _refuse_left(path)
        yield


def take_place(draft: Path, path: Path, overwrite: bool) -> None:
    """Give a finished session its name; the caller holds the lock.

    A crash at any moment leaves the old session whole or the new one, never one with the other's
    log: what is in the old log goes into the old file, then the log goes, then the file.

    Raises
    ------
    BadInput
        There is a file of that name, or a log, that may not be replaced.
    """
    with speaking(path, "cannot be written"):
        if overwrite:
            _finish(path)
        else:
            _refuse_left(path)
        for file in _beside(path):  # an index, or a log without a page: they hold nothing
            file.unlink(missing_ok=True)
        sync_folder(path.absolute().parent)
        put_in_place(draft, path, overwrite)


def _refuse_left(path: Path) -> None:
    left = next((file for file in _beside(path) if _holds(file)), None)
    # With the session itself there, that is what is refused: the log is part of it.
    if left is not None and not os.path.lexists(path):
        raise BadInput(
            f"{path.name} cannot be made beside {left.name}",
            found=f"{left.absolute()}, which holds work of a session that was there",
            do=f"Put that session back from a backup, move {left.name} away, or choose another "
            "name; nothing was changed",
        )


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in BESIDE]


def _holds(file: Path) -> bool:
    if file.name.endswith("-shm"):  # an index of the log, made anew at need
        return False
    return file.is_file() and file.stat().st_size > 0


def holds_work(path: Path) -> bool:
    """Tell whether beside a session there is work that was not moved into its file yet."""
    return any(map(_holds, _beside(path)))


def _finish(path: Path) -> None:
    """Move a left log into its file, where both are what they should be."""
    if not (path.is_file() and holds_work(path)):
        return
    # What is no session, or damaged, cannot be finished; it is replaced all the same.
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def sync_folder(folder: Path) -> None:
    """Put what was removed or named on the disk before what follows; Windows opens no folders."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
