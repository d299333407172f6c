"""A bundle's files, in a folder or in a ``.zip``, which may be hostile."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, Protocol, cast

from napari_acs.errors import BadInput

MOST_ENTRIES: Final = 1_000
_MOST_BYTES = 16 * 2**30
_SMALL = 64 * 2**20
_MOST_LISTING = 4 * 2**20  # bytes at once: the list of entries is read as a whole
_MOST_RATIO = 20  # trained weights hardly shrink


class Files(Protocol):
    """The files beside a ``model.json``, by name."""

    def names(self) -> list[str]:
        """Return the names of the plain files."""

    def open(self, name: str) -> IO[bytes]:
        """Open one of them for reading."""


@dataclass(frozen=True)
class FolderFiles:
    """The files of a folder; links are none of them, but to say so they are named."""

    folder: Path

    def names(self) -> list[str]:
        """Return the names of the files, links and named pipes in the folder."""
        return sorted(path.name for path in self.folder.iterdir() if not path.is_dir())

    def open(self, name: str) -> IO[bytes]:
        """Open a plain file for reading; anything else is refused."""
        path = self.folder / name
        if not stat.S_ISREG(path.lstat().st_mode):
            raise BadInput(
                f"{path} is refused",
                found="a link" if path.is_symlink() else "no plain file",
                expected="the file itself",
                do="Copy the bundle with what its links name (cp -rL), and add the copy",
            )
        return path.open("rb")


@dataclass(frozen=True)
class ZipFiles:
    """The files of a ``.zip`` that lie beside its only ``model.json``."""

    opened: zipfile.ZipFile
    inside: str

    def names(self) -> list[str]:
        """Return the names of the files, without their folder."""
        return sorted(
            PurePosixPath(entry.filename).name
            for entry in self.opened.infolist()
            if not entry.is_dir() and str(PurePosixPath(entry.filename).parent) == self.inside
        )

    def open(self, name: str) -> IO[bytes]:
        """Open one for reading; it never gives more than its entry declares."""
        return self.opened.open(str(PurePosixPath(self.inside) / name))


@contextmanager
def files_of(path: Path) -> Iterator[Files]:
    """Give the files of a bundle's folder or ``.zip``.

    Raises
    ------
    BadInput
        If a ``.zip`` is damaged or encrypted, has paths that lead out of it, links, names that
        occur twice, no or several ``model.json``, more than 1 000 entries, or more than 16 GiB
        or, above 64 MiB, 20 times its own size when unpacked.
    """
    if path.is_dir():
        yield FolderFiles(path)
        return
    with opened_zip(path) as opened:
        entries = opened.infolist()
        _refuse_hostile(path, entries)
        yield ZipFiles(opened, _folder_inside(path, entries))


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a ``.zip`` whose list of entries and whose size when unpacked are bounded.

    Its names are not looked at: nothing may be unpacked under them.

    Raises
    ------
    BadInput
        If it is damaged or encrypted, or beyond the bounds of `files_of`.
    """
    try:
        with path.open("rb") as stream, zipfile.ZipFile(_listed(stream, path)) as z:
            _refuse_bomb(path, z.infolist())
            yield z
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error) as error:
        raise _refused(path, "a damaged archive", "a complete .zip") from error


def _listed(stream: IO[bytes], path: Path) -> IO[bytes]:
    return cast(IO[bytes], _Listed(stream, path))


class _Listed:
    """A file that gives no more at once than the list of a usual archive's entries takes."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream, self._path = stream, path

    def read(self, count: int = -1) -> bytes:
        """Read so many bytes; more than a list of entries takes are refused."""
        if count > _MOST_LISTING:
            raise _refused(self._path, "a list of entries beyond all measure", "a usual .zip")
        return self._stream.read(count)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def is_zip(path: Path) -> bool:
    """Tell whether a file is a ``.zip`` by its name (weights of torch are archives as well)."""
    return path.suffix.lower() == ".zip" and path.is_file()


def _refuse_hostile(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts or "\\" in name or ":" in name:
            raise _refused(path, f"a path that may lead out of it, {name[:80]!r}", "paths in it")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _refused(path, f"a link, {name[:80]!r}", "plain files")
        if str(inside).casefold() in seen:
            raise _refused(path, f"{name[:80]!r} twice", "each file once")
        seen.add(str(inside).casefold())


def _refuse_bomb(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise _refused(path, f"{len(entries)} entries", f"at most {MOST_ENTRIES}")
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise _refused(path, "an encrypted entry", "an archive without a password")
    total, size = sum(entry.file_size for entry in entries), path.stat().st_size
    if total > _MOST_BYTES or (total > _SMALL and total > _MOST_RATIO * size):
        raise _refused(
            path,
            f"{total / 2**20:.0f} MiB in a file of {size / 2**20:.1f} MiB",
            f"at most {_MOST_BYTES // 2**30} GiB, and {_MOST_RATIO} times its size",
        )


def _folder_inside(path: Path, entries: list[zipfile.ZipInfo]) -> str:
    paths = [PurePosixPath(entry.filename) for entry in entries if not entry.is_dir()]
    folders = [str(p.parent) for p in paths if p.name == "model.json" and p.parts[0] != "__MACOSX"]
    if len(folders) != 1:
        raise BadInput(
            f"{path} is not one model bundle",
            found=f"{len(folders)} files model.json in it",
            expected="one, with its weights beside it",
            do="Unpack it, and add the bundle's folder",
        )
    return folders[0]


def _refused(path: Path, found: str, expected: str) -> BadInput:
    do = "Ask for the bundle again, from its source"
    return BadInput(f"{path} is refused", found=found, expected=expected, do=do)
