"""Whether files are still those that were read: a folder is prepared anew while it is open."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

Stamp = tuple[tuple[int, int], ...]
"""Size in bytes and time of the last change, in ns, of each of some files."""


def stamp_of(files: Iterable[Path]) -> Stamp | None:
    """Return what changes when one of the files is written anew; None where one is no file.

    Nothing is read of the files but what their folder says of them.
    """
    try:
        stats = [file.stat() for file in files if file.is_file()]
    except OSError:
        return None
    return tuple((stat.st_size, stat.st_mtime_ns) for stat in stats)
