"""The ``.npz`` files of a cache: written whole, and read whole or refused by name."""

from __future__ import annotations

import glob
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.models.atomic import HIDDEN, file_appears

DAMAGE: Final = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What numpy raises on an ``.npz`` that is cut off, or was never one."""
_ABANDONED_S: Final = 3600.0


def write_arrays(target: Path, **arrays: Any) -> None:
    """Write an ``.npz`` that appears whole; one that is there is replaced in one step.

    Several processes may write one file at a time: each has a staging file of its own, and the
    last one stays.

    Raises
    ------
    BadInput
        The disk is full or read-only.
    """
    _sweep(target)
    with file_appears(target, replace=True) as staging, staging.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


@contextmanager
def read_arrays(file: Path) -> Iterator[Any]:
    """Open an ``.npz`` for a block; its arrays by name.

    Raises
    ------
    BadInput
        It is damaged, or lacks an array that the block asks for.
    """
    try:
        with np.load(file, allow_pickle=False) as held:
            yield held
    except BadInput:
        raise  # a word of the block's own
    except DAMAGE as error:
        raise BadInput(
            f"{file} cannot be read",
            found=str(error) or type(error).__name__,
            expected="a prepared file of this package, whole",
            do="Delete it, and prepare it again from the data (--data)",
        ) from error


def _sweep(target: Path) -> None:
    """Remove what killed processes left of a file, but not what one is writing now."""
    before = time.time() - _ABANDONED_S
    for left in target.parent.glob(f"{HIDDEN}{glob.escape(target.name)}-*"):
        with suppress(FileNotFoundError):  # the other process was done with it just now
            if left.stat().st_mtime < before:
                left.unlink()
