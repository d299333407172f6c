"""The folder of a cache: refused before hours, where it can never be one."""

from __future__ import annotations

import os
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.models.atomic import why_unwritable


def refuse_no_place(cache: Path) -> None:
    """Refuse a path that is no folder and cannot become one; nothing stays there.

    Raises
    ------
    BadInput
        It, or what it would lie in, is a file or a broken link, may not be written to, or has a
        name that the file system does not take.
    """
    whole = cache.absolute()
    try:
        whole.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass  # not there yet
    except OSError as error:
        raise _refused(cache, (error.strerror or str(error)).lower()) from error
    nearest = next(path for path in (whole, *whole.parents) if os.path.lexists(path))
    if not nearest.is_dir():
        raise _refused(cache, f"{nearest} is {_kind(nearest)}")
    if nearest != whole and (why := why_unwritable(nearest)):
        raise _refused(cache, f"{nearest} is {why}")


def make_place(cache: Path) -> None:
    """Make the folder of a cache.

    Raises
    ------
    BadInput
        It cannot be made.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(cache, (error.strerror or str(error)).lower()) from error


def _kind(path: Path) -> str:
    return "a broken link" if path.is_symlink() and not path.exists() else "a file"


def _refused(cache: Path, found: str) -> BadInput:
    return BadInput(
        f"{cache} cannot be the cache of prepared cases",
        found=found,
        expected="a folder, or a place where one can be made",
        do="Choose another (--cache or --prepare)",
    )
