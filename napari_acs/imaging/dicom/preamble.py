"""Whether a path seems to hold DICOM, by a glance that loads nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from struct import unpack_from

from napari_acs.imaging.names import is_image_name

_GROUPS = (0x0002, 0x0008)
"""A file without preamble starts with one of these, in either byte order."""
_LONGEST = 1024
"""No first element of a file is longer: a group's length, a character set, a UID."""
_HEAD = 132


def looks_like_dicom(head: bytes) -> bool:
    """Tell from a file's first 132 bytes whether it may be DICOM."""
    return has_preamble(head) or _begins_with_element(head)


def has_preamble(head: bytes) -> bool:
    """Tell from a file's first 132 bytes whether it says that it is DICOM."""
    return head[128:132] == b"DICM"


def _begins_with_element(head: bytes) -> bool:
    """Tell whether these bytes begin with a data element, as old files without preamble do."""
    if len(head) <= 8:
        return False
    for order in ("<", ">"):
        group, element, length = unpack_from(f"{order}HHI", head)
        if group in _GROUPS and element < _LONGEST:
            named = head[4:6].isalpha() and head[4:6].isupper()  # the VR, where it is explicit
            return named or (length <= _LONGEST and length % 2 == 0)
    return False


def begins_as_dicom(path: Path) -> bool:
    """Tell from its first bytes whether a file may be DICOM; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            return looks_like_dicom(file.read(_HEAD))
    except OSError:
        return False


def is_dicom_path(path: Path) -> bool:
    """Tell whether a path is to be read as DICOM: a file, a ``.zip``, a folder.

    Of a folder, up to 200 files in up to 200 folders are looked at, down to three levels; one
    with NIfTI, NRRD or MetaImage files of its own is not DICOM.
    """
    if path.is_file():
        return path.suffix.lower() == ".zip" or begins_as_dicom(path)
    if not path.is_dir() or any(is_image_name(entry.name) for entry in entries_of(path)):
        return False
    return any(map(begins_as_dicom, _some_files(path)))


def entries_of(folder: Path, most: int = 5000) -> list[Path]:
    """Return what a folder holds, sorted, up to a number that keeps the window awake.

    A folder that may not be read holds nothing.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in islice(entries, most))
    except OSError:
        return []


def _some_files(folder: Path, files: int = 200, folders: int = 200) -> Iterator[Path]:
    waiting = [(folder, 3)]
    while waiting and files > 0 and folders > 0:
        here, below = waiting.pop(0)
        folders -= 1
        for entry in entries_of(here):
            if entry.is_dir():
                if below > 0:
                    waiting.append((entry, below - 1))
            elif files > 0 and entry.is_file():  # no pipe, which would wait for ever
                files -= 1
                yield entry
