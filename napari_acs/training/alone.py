"""One process at a time in a run's folder, and nothing left there of those that were killed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from napari_acs.errors import BadInput

LOCK: Final = ".lock"
_STAGED = re.compile(r"\..+-[a-z0-9_]{8}")
"""How `models.atomic` names what is not whole yet."""
_OF_A_BUNDLE = {"weights.safetensors", "model.json", "card.md"}


@contextmanager
def alone_in(run: Path, out: Path | None = None) -> Iterator[None]:
    """Hold a run's folder while the block lasts; sweep what killed processes left half written.

    The operating system lets go of the lock when a process dies, however it dies.

    Parameters
    ----------
    run : Path
        The run's folder; made where it is missing.
    out : Path, optional
        The bundle that the run will write; what an earlier try left beside it goes too.

    Raises
    ------
    BadInput
        Another process is at work in the folder, or it cannot be written to.
    """
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock = FileLock(run / LOCK)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BadInput(
            f"Another training is at work in {run}",
            do="Wait for it, or choose another folder (--run)",
        ) from error
    except NotImplementedError:  # a file system without locks: better trained than refused
        lock = None
    except OSError as error:
        raise BadInput(
            f"{run} cannot be written",
            found=error.strerror or str(error),
            do="Choose another folder (--run)",
        ) from error
    try:
        sweep_staging(run, out)
        yield
    finally:
        if lock is not None:
            lock.release()


def sweep_staging(run: Path, out: Path | None) -> None:
    """Remove hidden files and folders that were never finished, of a run and of its bundle."""
    for place in (run, run / "cache"):
        for left in place.iterdir() if place.is_dir() else ():
            if _STAGED.fullmatch(left.name):
                _remove(left)
    if out is None or not out.parent.is_dir():
        return
    ours = re.compile(rf"\.{re.escape(out.name)}-[a-z0-9_]{{8}}")
    for left in out.parent.iterdir():
        # Not the run's own folder: only what holds nothing but parts of a bundle is ours.
        if ours.fullmatch(left.name) and left.is_dir():
            names = {file.name for file in left.iterdir()}
            if names <= _OF_A_BUNDLE:
                _remove(left)


def _remove(left: Path) -> None:
    if left.is_dir() and not left.is_symlink():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)
