"""Keep freed memory in the process while a network runs.

glibc gives every large tensor back to the system when it is freed, so the next layer pays for each
of its pages again: over half of a U-Net's time in a virtual machine. Here large blocks come from
the heap instead, and stay there until the outermost ``with`` ends, which returns them all.
"""

from __future__ import annotations

import ctypes
import functools
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -3, -4
_NEVER = 2**31 - 1
# What glibc's own thresholds grow to in a process that frees large arrays: setting any of them
# ends that growth, and its small initial ones would slow down all other code from then on.
_AFTER = ((_M_MMAP_MAX, 65536), (_M_MMAP_THRESHOLD, 32 << 20), (_M_TRIM_THRESHOLD, 64 << 20))


class _LibC(Protocol):
    def mallopt(self, parameter: int, value: int) -> int: ...
    def malloc_trim(self, pad: int) -> int: ...


class _Depth:
    """How many threads and callers are inside; one lock, one count for the process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0


@functools.cache
def _depth() -> _Depth:
    return _Depth()


@functools.cache
def _libc() -> _LibC | None:
    """Return glibc, the one allocator whose settings these are; None on any other system."""
    if platform.libc_ver()[0] != "glibc":
        return None
    library: _LibC = ctypes.CDLL(None)
    return library


@contextmanager
def kept_heap() -> Iterator[None]:
    """Keep freed memory in the process until the block ends; nothing happens without glibc.

    May be nested, also by several threads: the last one out returns the memory.
    """
    libc, depth = _libc(), _depth()
    if libc is None:
        yield
        return
    with depth.lock:
        depth.inside += 1
        if depth.inside == 1:
            libc.mallopt(_M_MMAP_MAX, 0)
            libc.mallopt(_M_TRIM_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        with depth.lock:
            depth.inside -= 1
            if depth.inside == 0:
                for parameter, value in _AFTER:
                    libc.mallopt(parameter, value)
                libc.malloc_trim(0)
