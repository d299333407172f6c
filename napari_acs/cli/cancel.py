"""Ctrl-C that lands between two windows."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C (and a polite kill) into a flag for the length of the block.

    A second one stops at once, as Ctrl-C does elsewhere.

    Yields
    ------
    callable
        Tells whether the user has asked to stop.
    """
    asked = False

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        # Not through sys.stderr: the signal may land while the progress bar is writing to it,
        # and a buffered stream refuses to be entered twice.
        os.write(2, b"Stopping after this step ...\n")

    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
