"""One window a session: a lock of the operating system, with a note of who holds it.

The lock goes with the process that holds it, also after ``kill -9``; the file with its owner may
stay, and says nothing then. A number of a process alone would not do: after a restart another
program may bear it.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from napari_acs.errors import BadInput

READING = "reading"
"""What a lock is held for that will soon be given back."""
_FAR = 1 << 30
"""The locked byte, beyond the note: Windows lets nobody read what is locked."""


_AGAIN_S = 0.05


class Busy(BadInput):
    """Another window has the session open; ``passing`` where somebody only reads it, maybe."""

    passing = False


class NoLock(BadInput):
    """The lock cannot be made where the session is."""


def lock_file(path: Path) -> Path:
    """Return the file that is locked for a session: beside it, by whatever link it is opened."""
    real = Path(os.path.realpath(path))
    return real.with_name(f".{real.name}.lock")


@contextmanager
def session_lock(path: Path, what: str, patience_s: float = 0.0) -> Iterator[None]:
    """Hold a session's lock for the length of the block.

    Parameters
    ----------
    path : Path
        The session.
    what : str
        What it is held for, as the note says it to others.
    patience_s : float
        As long is waited for one who only reads it.

    Raises
    ------
    Busy
        Somebody else holds it, or this process in another window.
    NoLock
        The folder is read-only, or its file system has no locks.
    """
    file = _locked_soon(path, patience_s)
    try:
        with suppress(OSError):  # a full disk: the lock holds without the note
            file.seek(0)
            file.truncate()
            file.write(json.dumps(_me(what)))
            file.flush()
        yield
    finally:
        # Before it is unlocked: the next one would lock a file that has just lost its name.
        with suppress(OSError):
            lock_file(path).unlink()
        with suppress(OSError):  # a full disk: closing tries the note once more
            file.close()


def _locked_soon(path: Path, patience_s: float) -> IO[str]:
    until = time.monotonic() + patience_s
    while True:
        try:
            return _locked(path)
        except Busy as busy:
            if not busy.passing or time.monotonic() >= until:
                raise
        time.sleep(_AGAIN_S)


def _locked(path: Path) -> IO[str]:
    place = lock_file(path)
    while True:
        try:
            file = place.open("a+", encoding="utf-8")
        except OSError as error:
            raise NoLock(
                f"{path.name} cannot be opened for work",
                found=f"a folder that may not be written ({error.strerror or error})".lower(),
                do="Mend its permissions, or copy the session to a folder of yours; "
                "the file was not touched",
            ) from error
        try:
            _lock(file)
            if _still(file, place):
                return file
            file.close()  # its owner removed it between our opening and our locking: once more
        except BlockingIOError as error:
            file.close()
            raise _busy(path, place) from error
        except OSError as error:
            file.close()
            raise NoLock(
                f"{path.name} cannot be opened for work",
                found=f"a disk without locks ({error.strerror or error})",
                do="Copy the session to a disk of this machine; the file was not touched",
            ) from error


def _still(file: IO[str], place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), place.stat())
    except FileNotFoundError:
        return False


def _lock(file: IO[str]) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 (Windows alone has it)

        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error
        return
    import fcntl  # noqa: PLC0415 (Windows has none)

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _me(what: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"host": socket.gethostname(), "pid": os.getpid(), "since": now, "what": what}


def _busy(path: Path, place: Path) -> Busy:
    found, passing = "another window with it", True  # who has just come has not said why yet
    try:
        said = json.loads(place.read_text(encoding="utf-8"))
        found = (
            f"another window with it (process {said['pid']} on {said['host']}, {said['what']} "
            f"since {said['since']})"
        )
        passing = said["what"] == READING
    except (OSError, ValueError, KeyError, TypeError):
        pass
    busy = Busy(
        f"{path.name} is open already",
        found=found,
        do="Go on there, or close it first; nothing was changed",
    )
    busy.passing = passing
    return busy
