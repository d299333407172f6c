"""The weights file of a bundle is the one that ``model.json`` pins; needs no torch."""

from __future__ import annotations

import hashlib
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.models.spec import AnySpec


def sha256_of(file: Path) -> str:
    """Return a file's sha256 in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def weights_file(folder: Path, spec: AnySpec) -> Path:
    """Return the weights file of a bundle, which is there and has the size that it should have.

    Its content is not looked at.

    Raises
    ------
    BadInput
        If it is missing, leads out of the folder, or is shorter or longer.
    """
    file = folder / spec.weights.file
    if not file.is_file():
        raise BadInput(
            f"bundle {spec.id!r} in {folder} is incomplete",
            found=f"no {spec.weights.file}",
            do="Copy the whole bundle again",
        )
    if file.resolve().parent != folder.resolve():
        raise BadInput(
            f"{file} leads out of its bundle",
            found=f"a link to {file.resolve()}",
            expected="the weights themselves",
            do="Copy the bundle with what its links name (cp -rL)",
        )
    size = file.stat().st_size
    if size != spec.weights.size_bytes:
        raise BadInput(
            f"{file} is not the file that {spec.id!r} was published with",
            found=f"{size} bytes, and so another sha256",
            expected=f"{spec.weights.size_bytes} bytes",
            do="Copy the bundle again; the last copy may have been cut short",
        )
    return file


def verify_weights(folder: Path, spec: AnySpec) -> Path:
    """Return the weights file of a bundle, whose sha256 is the one that ``model.json`` pins.

    Raises
    ------
    BadInput
        If it is missing or another one.
    """
    file = weights_file(folder, spec)
    try:
        _refuse_other(file, spec, sha256_of(file))
    except OSError as error:
        raise _unreadable(file, error) from error
    return file


def verified_content(folder: Path, spec: AnySpec) -> bytes:
    """Return the bytes of the weights file, which themselves have been verified.

    A file that is exchanged between a check and the loading cannot pass: what is hashed is what
    is loaded.

    Raises
    ------
    BadInput
        If it is missing or another one.
    """
    file = weights_file(folder, spec)
    try:
        with file.open("rb") as stream:
            content = stream.read(spec.weights.size_bytes + 1)
    except OSError as error:
        raise _unreadable(file, error) from error
    _refuse_other(file, spec, hashlib.sha256(content).hexdigest())
    return content


def why_unverified(folder: Path, spec: AnySpec) -> str:
    """Return the sentence that says why weights are not what they should be; else nothing."""
    try:
        verify_weights(folder, spec)
    except BadInput as refusal:
        return refusal.sentence()
    return ""


def _refuse_other(file: Path, spec: AnySpec, digest: str) -> None:
    if digest != spec.weights.sha256:
        raise BadInput(
            f"{file} is not the file that {spec.id!r} was published with",
            found=f"sha256 {digest[:12]}...",
            expected=f"{spec.weights.sha256[:12]}...",
            do="Copy the bundle again from its source; do not use it as it is",
        )


def _unreadable(file: Path, error: OSError) -> BadInput:
    return BadInput(
        f"{file} cannot be read", found=(error.strerror or str(error)).lower(), do="Copy it again"
    )
