"""Output into a pipe whose reader has left (``napari-acs ... | head -1``): what is said is lost.

The work is not: a command goes on, and ends with the status that it would have had.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Pipe(io.FileIO):
    """A file that takes what nobody reads any more."""

    def write(self, content: ReadableBuffer, /) -> int:
        try:
            return super().write(content)
        except BrokenPipeError:
            return memoryview(content).nbytes


@contextmanager
def heedless() -> Iterator[None]:
    """Let nothing in the block fail because nobody reads its output or its errors any more."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_piped, before)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # full, closed already, none
                stream.flush()
        sys.stdout, sys.stderr = before


def _piped(stream: TextIO) -> TextIO:
    """Return a stream on the same file that forgives; a terminal, or what is no file, as it is."""
    try:
        if stream.isatty():
            return stream
        number = stream.fileno()
    except (OSError, ValueError, AttributeError):  # none, closed, or a test's
        return stream
    text = cast("io.TextIOWrapper", stream)
    stream.flush()
    buffer = io.BufferedWriter(_Pipe(number, "w", closefd=False))
    return io.TextIOWrapper(
        buffer, encoding=text.encoding, errors=text.errors, line_buffering=text.line_buffering
    )
