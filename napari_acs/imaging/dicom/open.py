"""Open one DICOM file, whatever its suffix, without trusting a length that it declares."""

from __future__ import annotations

import io
import logging
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydicom

from napari_acs.imaging.dicom.preamble import has_preamble, looks_like_dicom

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_LOGGERS = ("pydicom", "pydicom.pixels.decoders.base", "pydicom.pixels.utils")
_LARGE = 1 << 20
_MOST_INFLATED = 1 << 30
"""A deflated file that grows beyond this is refused: it is a bomb, or no slice of an MRI."""
_DEFLATED = b"1.2.840.10008.1.2.1.99"


class NotReadable(Exception):
    """The file is no DICOM, or is damaged before its pixels; says nothing of its content."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings from terminal and log: of every oddity one, and they quote values.

    It parses late: not only opening a file, but also each first look at a value can warn.
    """

    def silent(_: logging.LogRecord) -> bool:
        return False

    for name in _LOGGERS:
        logging.getLogger(name).addFilter(silent)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(silent)


def open_dataset(path: Path, tags: list[int | str] | None = None) -> FileDataset:
    """Read a file with pydicom: all of it, or only ``tags`` and nothing from the pixels on.

    Raises
    ------
    OSError
        The file cannot be opened or read.
    NotReadable
        It is no DICOM, or its header is damaged. The message quotes nothing of it.
    """
    with path.open("rb", buffering=0) as raw:
        size = path.stat().st_size
        file = _Bounded(raw, size)
        head = file.read(132)
        file.seek(0)
        if not looks_like_dicom(head):
            raise NotReadable("no DICOM file")
        try:
            with quiet():
                if has_preamble(head):
                    _check_deflated(path)
                options: dict[str, Any] = {"stop_before_pixels": True, "specific_tags": tags}
                dataset = pydicom.dcmread(file, force=True, **(options if tags else {}))
        except NotReadable:
            raise
        except OSError as error:
            if error.errno:
                raise
            raise NotReadable("a damaged header") from None
        except Exception:  # whatever the damaged bytes led pydicom to
            raise NotReadable("a damaged header") from None
    return dataset


class _Bounded(io.BufferedReader):
    """A reader that never allocates more than is left of its file."""

    def __init__(self, raw: io.RawIOBase, size: int) -> None:
        super().__init__(raw)
        self._bytes = size

    def read(self, size: int | None = -1, /) -> bytes:
        # A reader allocates what it is asked for before it reads: 4 GiB for one wrong length.
        if size is not None and size > _LARGE:
            size = max(0, min(size, self._bytes - self.tell()))
        return super().read(size)


def _check_deflated(path: Path) -> None:
    """Inflate a deflated file with a bound, before pydicom inflates it without one."""
    with path.open("rb") as file:
        head = file.read(4096)
        if _DEFLATED not in head:
            return
        if head[132:138] != b"\x02\x00\x00\x00UL":
            raise NotReadable("a deflated file that does not say where its data start")
        file.seek(144 + int.from_bytes(head[140:144], "little"))
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        grown = 0
        while chunk := file.read(1 << 16):
            grown += len(inflate.decompress(chunk, _MOST_INFLATED))
            if grown >= _MOST_INFLATED or inflate.unconsumed_tail:
                raise NotReadable("a deflated file that grows beyond 1 GiB")
