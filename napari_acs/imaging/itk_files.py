"""One thread at a time in ITK's readers and writers of files, and numbers with a point.

Two that make or ask a reader at once corrupt the heap now and then (SimpleITK 2.5: "unaligned
tcache chunk", one process in forty whose first reads were in several threads), and the process
ends. What ITK computes once the voxels are there may run in several threads.

A window's toolkit sets the process to the user's language (Qt does, on Linux), and where that
writes decimals with a comma, ITK's NRRD reader takes a spacing of 1.2 mm for 1 mm and says nothing.

SimpleITK takes names in UTF-8 alone, and ends the whole process on another one.
"""

from __future__ import annotations

import locale
import os
import threading
from pathlib import Path

from napari_acs.errors import BadInput


def itk_name(path: Path) -> str:
    """Return a path as SimpleITK takes it.

    Python holds bytes of a name that are no text (of a disk of a Windows machine, say) as lone
    surrogates, and all that is not ASCII where no language is set (``LANG=C``). Of such a text
    SimpleITK makes a null pointer, and the process ends with all that was not saved.

    Raises
    ------
    BadInput
        The name is no UTF-8.
    """
    try:
        return os.fsencode(path).decode()
    except UnicodeError as error:
        raise BadInput(
            f"{path.name} cannot be read or written under this name",
            found=f"a letter in '{path}' that is not in UTF-8",
            expected="names of files and folders in UTF-8",
            do="Rename the file or folder, or copy it to another one",
        ) from error


class _OneAtATime:
    """A lock that a thread may take twice, as `threading.RLock`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()
        # Not set back: numbers of C are with a point where nobody asks for more (Qt's own manual
        # advises it), and a thread that set it back could do so while another one reads.
        if locale.localeconv()["decimal_point"] != ".":
            locale.setlocale(locale.LC_NUMERIC, "C")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


ONE_AT_A_TIME = _OneAtATime()
"""Held while a reader or a writer is made, asked or executed."""
