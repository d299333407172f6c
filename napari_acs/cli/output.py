"""Files that a command writes: refused before any computing, written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import Any

import typer

from napari_acs.errors import BadInput
from napari_acs.imaging.names import is_image_name

STDOUT = "-"


def check_target(path: Path, *, force: bool, inputs: Iterable[Path] = ()) -> None:
    """Make sure that a file can be written, without writing it.

    Parameters
    ----------
    path : Path
        The file to be written.
    force : bool
        Whether an existing file may be replaced.
    inputs : iterable of Path
        Files that are read; one of them is never replaced, whatever ``force`` says.

    Raises
    ------
    BadInput
        The file exists, is a folder, a device or an input, or its folder is missing or sealed.
    """
    if path.is_dir():
        raise BadInput(f"{path} is a folder", expected="a file to write", do="Name a file in it")
    if any(source.exists() and path.exists() and path.samefile(source) for source in inputs):
        raise BadInput(f"{path} is one of the images to be read", do="Choose another output file")
    if (path.exists() or path.is_symlink()) and not force:
        raise BadInput(
            f"{path} already exists", do="Choose another file, or replace it with --force"
        )
    if path.exists() and not path.is_file():  # it would be put in the place of a device
        raise BadInput(
            f"{path} is no file but a device or a pipe",
            expected="a file, or - for standard output where the option takes it",
            do="Choose another file",
        )
    folder = path.absolute().parent
    if not folder.is_dir():
        raise BadInput(
            f"{path} cannot be written",
            found=f"no folder {folder}",
            do="Make the folder first, or choose another",
        )
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _not_writable(path, error) from error


def check_report(target: str | None, *, force: bool) -> None:
    """Make sure that a report can be written where ``--json`` says; see ``check_target``."""
    if target is None or target == STDOUT:
        return
    path = Path(target)
    if is_image_name(path.name):  # with --force, a slip of the hand would cost an image
        raise BadInput(
            f"--json names the image file {path.name}",
            expected="a file such as report.json, or -",
            do="Choose another name",
        )
    check_target(path, force=force)


def write_report(target: str | None, report: Mapping[str, Any]) -> None:
    """Write a report as JSON, atomically, to a file or (``-``) to standard output.

    Raises
    ------
    BadInput
        The file could not be written; what was there before is untouched.
    """
    if target is None:
        return
    text = json.dumps(report, indent=2, allow_nan=False, ensure_ascii=False)
    if target == STDOUT:
        typer.echo(text)
        return
    write_text(Path(target), text + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically.

    Raises
    ------
    BadInput
        The file could not be written; what was there before is untouched.
    """
    partial: Path | None = None
    try:
        with NamedTemporaryFile(
            "w",
            dir=path.absolute().parent,
            prefix=".",
            suffix=path.suffix,
            delete=False,
            encoding="utf-8",
        ) as file:
            partial = Path(file.name)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(_default_mode())
        partial.replace(path)
    except OSError as error:
        raise _not_writable(path, error) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _default_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _not_writable(path: Path, error: OSError) -> BadInput:
    return BadInput(
        f"{path} cannot be written",
        found=(error.strerror or str(error)).lower(),
        do="Choose a folder that you may write to and that has space",
    )
