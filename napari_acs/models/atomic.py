"""Folders and files that appear complete or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_acs.errors import BadInput

HIDDEN = "."
"""Names that begin so are work in progress, and no bundles."""


@contextmanager
def folder_appears(target: Path) -> Iterator[Path]:
    """Give an empty hidden folder beside ``target``; it becomes ``target`` when the block ends.

    Whatever ends the block early (an error, Ctrl-C), nothing is left behind.

    Raises
    ------
    BadInput
        If ``target`` exists, or the disk is full or read-only.
    """
    refuse_existing(target)
    with _sentences(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f"{HIDDEN}{target.name}-", dir=target.parent))
        try:
            yield staging
            # mkdtemp makes private files; a lab's shared folder needs readable ones.
            staging.chmod(0o755)
            for written in staging.iterdir():
                written.chmod(0o644)
                _to_disk(written)
            refuse_existing(target)
            staging.replace(target)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise


@contextmanager
def file_appears(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give the path of a hidden file beside ``target``; it becomes ``target`` when the block ends.

    Parameters
    ----------
    target : Path
    replace : bool
        Whether an existing file may be replaced (in one step: readers see the old or the new one).

    Raises
    ------
    BadInput
        If ``target`` exists and may not be replaced, or the disk is full or read-only.
    """
    if not replace:
        refuse_existing(target)
    with _sentences(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f"{HIDDEN}{target.name}-", dir=target.parent)
        os.close(handle)
        staging = Path(name)
        try:
            yield staging
            staging.chmod(0o644)
            _to_disk(staging)
            if not replace:
                refuse_existing(target)
            staging.replace(target)
        except BaseException:
            staging.unlink(missing_ok=True)
            raise


def refuse_existing(target: Path) -> None:
    """Refuse a place where nothing new can appear, before hours are spent on what is to.

    Raises
    ------
    BadInput
        There is something at ``target``, be it a broken link; or its folder is a file, or nothing
        can be made in it, see `why_unwritable`. Folders that are missing are no fault.
    """
    if target.exists() or target.is_symlink():
        raise BadInput(f"{target} exists", do="Choose another name, or move it away")
    above = next(folder for folder in target.absolute().parents if os.path.lexists(folder))
    if why := why_unwritable(above):
        raise BadInput(
            f"{target} cannot be written", found=f"{above} is {why}", do="Choose another place"
        )


def why_unwritable(folder: Path) -> str:
    """Say what is in the way of making something in a folder; nothing where it can be done.

    It is tried: what the permissions say does not bind root, nor does it hold in /proc.
    """
    if not folder.is_dir():
        return "a file"
    try:
        with tempfile.TemporaryDirectory(prefix=HIDDEN, dir=folder):
            pass
    except PermissionError:
        return "a folder without leave to write"
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        return f"a folder where nothing can be made ({said})"
    return ""


def _to_disk(file: Path) -> None:
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())


@contextmanager
def _sentences(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(
            f"{target} cannot be written",
            found=(error.strerror or str(error)).lower(),
            do="Choose a folder that you may write to and that has space; nothing was left there",
        ) from error
