"""The thread that imports torch first keeps its Python state for as long as it lives."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def thread_for_torch() -> Iterator[None]:
    """Do work in a thread of Qt's, which may import torch.

    Extensions made with pybind11, as torch is, remember the Python state of the thread that
    imports the first of them. PyQt gives a thread of Qt's pool a new state for every piece of
    work, and frees the old one: what torch (seen with 2.4, 2.6 and 2.9) does in that thread
    afterwards ends in a crash or in a window that waits for ever. One more reference keeps the
    state of that one thread.
    """
    is_there = "torch" in sys.modules
    try:
        yield
    finally:
        if not is_there and "torch" in sys.modules:
            ctypes.pythonapi.PyGILState_Ensure()  # never released
