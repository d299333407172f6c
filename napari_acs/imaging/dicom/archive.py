"""Take DICOM files out of a zip archive that nobody vouches for."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path, PurePosixPath

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.imaging.dicom.preamble import looks_like_dicom

_MOST_ENTRIES = 50_000
_MOST_BYTES = 8 << 30
_MOST_RATIO = 200
"""No MRI shrinks to a 200th; checked where an archive would fill more than `_SMALL`."""
_SMALL = 64 << 20
_CHUNK = 1 << 20


@contextmanager
def unpacked(path: str | PathLike[str], *, cancelled: Callable[[], bool] = never) -> Iterator[Path]:
    """Give the folder to scan: of a ``.zip``, a temporary one that goes when the block ends.

    Anything else is given back as it is. Read every series before the block ends.

    Raises
    ------
    BadInput
        The archive is refused; see `unpack`.
    Cancelled
        ``cancelled`` said so.
    """
    path = Path(fspath(path))
    if not (path.is_file() and path.suffix.lower() == ".zip"):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="napari-acs-zip-") as folder:
        unpack(path, Path(folder), cancelled=cancelled)
        yield Path(folder)


def unpack(archive: Path, folder: Path, *, cancelled: Callable[[], bool] = never) -> int:
    """Write the DICOM files of an archive into a folder, and return how many there were.

    They get numbers for names: no name in the archive decides where a file goes, and none,
    often the patient's, is left on the disk. One numbered folder stands for each of its folders.

    Raises
    ------
    BadInput
        No DICOM, a damaged or encrypted archive, paths that lead out of it, links, more than 50 000
        entries, more than 8 GiB or 200 times its own size when unpacked, or too little room.
    Cancelled
        ``cancelled`` said so; what was written stays in the folder.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = _checked(opened, archive.stat().st_size, folder)
            written = _extract(opened, entries, folder, cancelled)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise _refuse("a damaged archive", "a complete .zip") from None
    except RuntimeError:  # zipfile's word for an encrypted entry
        raise _refuse("an encrypted entry", "an archive without a password") from None
    except OSError as error:
        raise _refuse(error.strerror or "an error of the file system", "a readable file") from None
    if not written:
        raise BadInput(
            "the .zip holds no DICOM file",
            found=f"{len(entries)} file(s) of other kinds",
            expected="the images of an MRI study",
            do="Choose another one; unpack it first if it holds NIfTI, NRRD or MetaImage files",
        )
    return written


def _checked(opened: zipfile.ZipFile, size: int, folder: Path) -> list[zipfile.ZipInfo]:
    entries = opened.infolist()
    if len(entries) > _MOST_ENTRIES:
        raise _refuse(f"{len(entries)} entries", f"at most {_MOST_ENTRIES}")
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in entry.filename[:3]:
            raise _refuse("a path that leads out of the archive", "paths inside it")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise _refuse("a link", "plain files")
        if entry.flag_bits & 0x1:
            raise _refuse("an encrypted entry", "an archive without a password")
    total = sum(entry.file_size for entry in entries)
    if total > _MOST_BYTES or (total > _SMALL and total > _MOST_RATIO * size):
        raise _refuse(
            f"{total / 2**20:.0f} MiB in a file of {size / 2**20:.1f} MiB",
            "at most 8 GiB, and 200 times its size",
        )
    free = shutil.disk_usage(folder).free
    if total > free:
        raise _refuse(f"{total / 2**20:.0f} MiB to unpack", f"at most the {free / 2**20:.0f} free")
    return [entry for entry in entries if not entry.is_dir()]


def _extract(
    opened: zipfile.ZipFile,
    entries: list[zipfile.ZipInfo],
    folder: Path,
    cancelled: Callable[[], bool],
) -> int:
    folders: dict[str, Path] = {}
    written = 0
    for entry in entries:
        stop_if(cancelled)
        with opened.open(entry) as source:
            head = source.read(132)
            if not looks_like_dicom(head):
                continue
            inside = str(PurePosixPath(entry.filename.replace("\\", "/")).parent)
            target = folders.setdefault(inside, folder / f"{len(folders) + 1:04d}")
            target.mkdir(exist_ok=True)
            written += 1
            with (target / f"{written:06d}.dcm").open("xb") as file:
                file.write(head)
                # zipfile never gives more than the size that was checked before.
                while chunk := source.read(_CHUNK):
                    file.write(chunk)
    return written


def _refuse(found: str, expected: str) -> BadInput:
    return BadInput(
        "the .zip cannot be opened",
        found=found,
        expected=expected,
        do="Unpack it by other means, and choose the folder",
    )
