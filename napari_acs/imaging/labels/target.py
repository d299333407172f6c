"""The place where a mask is saved: checked before, and filled in one step."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from napari_acs.errors import BadInput


def suffix_of(path: Path, suffixes: Iterable[str]) -> str:
    """Return which of the suffixes a name has.

    Raises
    ------
    BadInput
        None of them.
    """
    suffix = next((s for s in suffixes if path.name.lower().endswith(s)), None)
    if suffix is None:
        raise BadInput(
            f"{path.name} is no format for masks",
            expected=f"a name that ends in {', '.join(suffixes)}",
            do="Choose one of these formats",
        )
    return suffix


def check_target(path: Path, suffixes: Iterable[str], overwrite: bool) -> str:
    """Return which of the suffixes a name has.

    Raises
    ------
    BadInput
        None of them, a missing folder, or an existing file that may not be replaced.
    """
    suffix = suffix_of(path, suffixes)
    if not path.parent.is_dir():
        raise BadInput(
            f"{path} cannot be written",
            found=f"no folder {path.parent}",
            do="Create the folder first, or choose another",
        )
    if path.is_dir():
        raise BadInput(f"{path} is a folder", expected="the name of a file", do="Choose a name")
    if os.path.lexists(path) and not overwrite:
        raise _exists(path)
    return suffix


def _exists(path: Path) -> BadInput:
    return BadInput(
        f"{path} is there already",
        expected="a new file",
        do="Choose another name, or allow it to be replaced; nothing was changed",
    )


def put_in_place(draft: Path, path: Path, overwrite: bool) -> None:
    """Give a finished file its name; the other is then the same file, or gone.

    Raises
    ------
    BadInput
        Another program has made the file meanwhile, and it may not be replaced.
    OSError
        The disk is full or sealed; the target is as it was.
    """
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    if overwrite:
        if path.exists():
            shutil.copymode(path, draft)
        draft.replace(path)
        return
    try:
        # Unlike a rename, a link fails where another program has made the file meanwhile.
        path.hardlink_to(draft)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise _exists(path) from None
        draft.replace(path)
