"""Whether a path seems to hold DICOM, by a glance that loads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from napari_acs.imaging.names import is_image_name

_STARTS = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")
"""A file without preamble starts with group 0002 or 0008, in either byte order."""
_HEAD = 132


def looks_like_dicom(head: bytes) -> bool:
    """Tell from a file's first 132 bytes whether it may be DICOM."""
    return has_preamble(head) or (len(head) > 8 and head[:2] in _STARTS)


def has_preamble(head: bytes) -> bool:
    """Tell from a file's first 132 bytes whether it says that it is DICOM."""
    return head[128:132] == b"DICM"


def begins_as_dicom(path: Path) -> bool:
    """Tell from its first bytes whether a file may be DICOM; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            return looks_like_dicom(file.read(_HEAD))
    except OSError:
        return False


def is_dicom_path(path: Path) -> bool:
    """Tell whether a path is to be read as DICOM: a file, a ``.zip``, a folder.

    Of a folder, up to 200 files are looked at, down to three levels; one with NIfTI, NRRD or
    MetaImage files of its own is not DICOM.
    """
    if path.is_file():
        return path.suffix.lower() == ".zip" or begins_as_dicom(path)
    if not path.is_dir() or any(is_image_name(entry.name) for entry in path.iterdir()):
        return False
    return any(map(begins_as_dicom, _some_files(path)))


def _some_files(folder: Path, most: int = 200, depth: int = 3) -> Iterator[Path]:
    waiting = [(folder, depth)]
    while waiting and most > 0:
        here, below = waiting.pop(0)
        try:
            entries = sorted(here.iterdir())
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir():
                if below > 0:
                    waiting.append((entry, below - 1))
            elif most > 0:
                most -= 1
                yield entry
