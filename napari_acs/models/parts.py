"""Which files make a bundle, and copying them with a bound, whatever they say of themselves."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO, Final

from napari_acs.errors import BadInput
from napari_acs.models.archive import Files
from napari_acs.models.description import MOST_JSON_BYTES
from napari_acs.models.spec import AnySpec

PAPERS: Final = re.compile(r"card\.md|(LICEN[CS]E|NOTICE)(\.(txt|md))?(-[A-Za-z0-9._-]+)?")
"""What goes with a model besides ``model.json`` and the weights."""
_MOST_PAPERS = 20
_MOST_PAPER_BYTES = 2**20
_CHUNK = 2**20


def wanted(files: Files, spec: AnySpec) -> list[str]:
    """Return the names of the files that are taken; all others are left out."""
    papers = [name for name in files.names() if PAPERS.fullmatch(name)]
    return ["model.json", spec.weights.file, *papers[:_MOST_PAPERS]]


def limit(name: str, spec: AnySpec) -> int:
    """Return how many bytes a file may have at most."""
    if name == spec.weights.file:
        return spec.weights.size_bytes
    return MOST_JSON_BYTES if name == "model.json" else _MOST_PAPER_BYTES


def take_one(files: Files, name: str, most: int, folder: Path, origin: Path) -> None:
    """Copy one file into a folder; ``origin`` is what a refusal names."""
    try:
        source = files.open(name)
    except (OSError, RuntimeError, KeyError) as error:
        raise BadInput(f"{name} in {origin} cannot be read", found=str(error)) from error
    with source, (folder / name).open("xb") as out:
        copy_bounded(source, out, most, origin)


def copy_bounded(source: IO[bytes], out: IO[bytes], most: int, origin: Path) -> str:
    """Copy at most so many bytes, whatever was declared; return their sha256."""
    digest, copied = hashlib.sha256(), 0
    while chunk := _read(source, origin):
        copied += len(chunk)
        if copied > most:
            raise BadInput(
                f"{origin} is refused", found="more in it than it says", expected=f"{most} bytes"
            )
        digest.update(chunk)
        out.write(chunk)
    return digest.hexdigest()


def _read(source: IO[bytes], origin: Path) -> bytes:
    try:
        return source.read(_CHUNK)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        found = str(error) or type(error).__name__
        raise BadInput(f"{origin} cannot be read", found=found, do="Copy it again") from error
