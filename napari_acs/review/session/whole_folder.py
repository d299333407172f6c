"""A folder that is written under a hidden name, and gets its own when it is whole."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

_LOCK = ".lock"
"""Held in a draft by who writes it; the system lets go of it when that process dies."""
_OLD_S = 600.0
"""A draft without a lock is that of an older version, or one made or finished this instant."""


@contextmanager
def folder_drafted(folder: Path) -> Iterator[Path]:
    """Give a hidden, empty folder beside ``folder``; it gets that name when the block ends.

    Whatever ends the block early, it is removed. What processes that were killed left of the same
    ``folder`` is removed as well; what one that is alive still writes is not.

    Parameters
    ----------
    folder : Path
        Must not exist; the folder that it lies in must.

    Raises
    ------
    OSError
        It cannot be written.
    """
    _sweep(folder)
    draft = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
    lock = FileLock(draft / _LOCK)
    try:
        draft.mkdir()
        with suppress(NotImplementedError):  # no locks on this disk: then it is swept by its age
            lock.acquire(timeout=0)
        yield draft
        lock.release()
        (draft / _LOCK).unlink(missing_ok=True)
        draft.replace(folder)
    finally:
        lock.release(force=True)
        shutil.rmtree(draft, ignore_errors=True)


def _sweep(folder: Path) -> None:
    ours = re.compile(rf"\.{re.escape(folder.name)}-[0-9a-f]{{32}}")
    with suppress(OSError):  # who cannot look there cannot write there, and is told so then
        for left in folder.absolute().parent.iterdir():
            if ours.fullmatch(left.name) and left.is_dir() and not left.is_symlink():
                _remove_dead(left)


def _remove_dead(left: Path) -> None:
    if not (left / _LOCK).is_file():
        if time.time() - left.stat().st_mtime > _OLD_S:
            shutil.rmtree(left, ignore_errors=True)
        return
    lock = FileLock(left / _LOCK)
    try:
        lock.acquire(timeout=0)
    except (Timeout, NotImplementedError, OSError):  # at work, or nobody knows
        return
    lock.release()  # Windows removes nothing that is held
    shutil.rmtree(left, ignore_errors=True)
