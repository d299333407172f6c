"""One thread at a time in ITK's readers and writers of files, and numbers with a point.

Two that make or ask a reader at once corrupt the heap now and then (SimpleITK 2.5: "unaligned
tcache chunk", one process in forty whose first reads were in several threads), and the process
ends. What ITK computes once the voxels are there may run in several threads.

A window's toolkit sets the process to the user's language (Qt does, on Linux), and where that
writes decimals with a comma, ITK's NRRD reader takes a spacing of 1.2 mm for 1 mm and says nothing.
"""

from __future__ import annotations

import locale
import threading


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
