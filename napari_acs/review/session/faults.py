"""What SQLite and the file system raise about a session, as a refusal in a sentence."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_acs.errors import BadInput

_LEAST_FREE = 2**17
"""Bytes: what SQLite puts beside a file before a page of it is written."""
_SAFE = "What was saved before is in the file"
_NO_LOCKS = (
    "a disk without the locks that SQLite needs (of a network, or a cloud)",
    f"Copy the session to a disk of this machine. {_SAFE}",
)
_FAULTS = {
    "SQLITE_FULL": (
        "the disk is full",
        f"Free some space, and do the last step again. {_SAFE}",
    ),
    "SQLITE_READONLY": (
        "a file or a folder that may not be written",
        f"Mend its permissions, or copy the session to another folder. {_SAFE}",
    ),
    "SQLITE_PERM": ("a file that may not be opened", "Mend its permissions"),
    "SQLITE_CANTOPEN": (
        "a file or a folder that cannot be opened or written",
        "Check the path and its permissions, or copy the session to another folder",
    ),
    "SQLITE_BUSY": ("another program that uses the file", "Close that program, and try again"),
    "SQLITE_LOCKED": ("another program that uses the file", "Close that program, and try again"),
    "SQLITE_CORRUPT": (
        "a damaged file",
        "See what napari-acs review verify says, and go on from a backup",
    ),
    "SQLITE_NOTADB": ("a file that is no database", "Choose a file made by napari-acs review new"),
    **dict.fromkeys(("SQLITE_IOERR_SHM", "SQLITE_IOERR_LOCK", "SQLITE_PROTOCOL"), _NO_LOCKS),
    "SQLITE_IOERR": (
        "an error of the disk",
        f"Check the disk, and do the last step again. {_SAFE}",
    ),
}


@contextmanager
def speaking(path: Path, doing: str, *, of_files: bool = True) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a refusal.

    Parameters
    ----------
    path : Path
    doing : str
        What failed: "cannot be opened".
    of_files : bool
        Left out, what the file system raises is passed on: it is about another file.
    """
    try:
        yield
    except sqlite3.Error as error:
        name = str(getattr(error, "sqlite_errorname", ""))
        if name.startswith("SQLITE_IOERR") and _is_full(path):
            name = "SQLITE_FULL"  # its index could not be made larger
        known = next((text for key, text in _FAULTS.items() if name.startswith(key)), None)
        if known is None:  # a broken rule of ours, or a trigger that stopped a forger
            raise
        raise BadInput(f"{path.name} {doing}", found=known[0], do=known[1]) from error
    except UnicodeDecodeError as error:  # Python reads SQLite's own words about a damaged name
        found, do = _FAULTS["SQLITE_CORRUPT"]
        raise BadInput(f"{path.name} {doing}", found=found, do=do) from error
    except OSError as error:
        if not of_files:
            raise
        raise BadInput(
            f"{path.name} {doing}",
            found=(error.strerror or str(error)).lower(),
            do="Check the path, its permissions and the space on the disk",
        ) from error


def _is_full(path: Path) -> bool:
    with suppress(OSError):
        return shutil.disk_usage(path.absolute().parent).free < _LEAST_FREE
    return False
