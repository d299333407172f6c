"""Names for studies that name no patient."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from platformdirs import user_data_path

from napari_acs.errors import BadInput
from napari_acs.imaging.scrub import scrub

if TYPE_CHECKING:
    from napari_acs.imaging.volume import Volume

__all__ = [
    "KEY_VARIABLE",
    "files_key",
    "patient_key",
    "place_key",
    "scrub",
    "study_key",
    "voxels_key",
]

KEY_VARIABLE = "NAPARI_ACS_PSEUDONYM_KEY"
"""Environment variable with a secret that a lab shares, so that its members get equal keys."""


def study_key(study_uid: str) -> str:
    """Return the stable pseudonym of a study: a keyed hash of its StudyInstanceUID.

    Without the secret nobody can find out which study it is, not even by trying every UID. The
    secret is ``NAPARI_ACS_PSEUDONYM_KEY``, or a file that only this user can read.

    Raises
    ------
    BadInput
        The secret can be neither read nor created.
    """
    return _key("uid " + study_uid)


def voxels_key(volumes: Iterable[Volume]) -> str:
    """Return the stable pseudonym of a study without DICOM: a keyed hash of its voxels.

    The order of the volumes, their files and their grids do not count.
    """
    found = []
    for volume in volumes:
        digest = hashlib.sha256(f"{volume.array.dtype.str} {volume.array.shape}".encode())
        digest.update(np.ascontiguousarray(volume.array).data)
        found.append(digest.hexdigest())
    return _key("voxels " + " ".join(sorted(found)))


def files_key(sha256s: Iterable[str]) -> str:
    """Return the stable pseudonym of a study by the SHA-256 of its files, in whatever order.

    Unlike `voxels_key` it needs no image unpacked; it is another one for another file format.
    """
    return _key("files " + " ".join(sorted(sha256s)))


def patient_key(patient: str) -> str:
    """Return the stable pseudonym of a patient: a keyed hash of what the user calls them."""
    return _key("patient " + patient, "patient")


def place_key(place: str) -> str:
    """Return the pseudonym of a study of which no more is known than where its files lie.

    Parameters
    ----------
    place : str
        Its folder, with the folders above; of a study without files what the user calls it.
    """
    return _key("place " + place)


def _key(of: str, kind: str = "study") -> str:
    digest = hmac.new(_secret(), of.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return f"{kind}-{digest[:12]}"


def _secret() -> bytes:
    shared = os.environ.get(KEY_VARIABLE, "")
    if shared:
        return shared.encode("utf-8", "surrogateescape")
    path = user_data_path("napari-acs", appauthor=False) / "pseudonym.key"
    try:
        if not path.is_file():
            _create(path)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise _no_secret(error.strerror or "an error of the file system") from error
    if len(secret) < 32:
        raise _no_secret("a secret that is cut short")
    return secret


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file 0600. Linking it is atomic and never replaces a secret that
    # another process made meanwhile.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".pseudonym-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            if not path.exists():
                Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _no_secret(found: str) -> BadInput:
    return BadInput(
        "the secret that makes study pseudonyms cannot be used",
        found=found,
        expected="a file pseudonym.key in the user's data folder that can be read and written",
        do=f"Mend its permissions, or set {KEY_VARIABLE}",
    )
