"""Events that say what no event of ours does: a damaged disk, or a forger who knows the chain."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from napari_acs.review.session.chain import Event
from napari_acs.review.session.voxels import DamagedVoxels

_WRONG = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
    sqlite3.ProgrammingError,  # a value that is asked for by, and is none of SQLite's
)


class Senseless(Exception):
    """Says which event makes no sense, and why; ``seq`` is its number."""

    def __init__(self, event: Event, why: str) -> None:
        super().__init__(f"event {event.seq} ({event.kind}) makes no sense: {why}")
        self.seq = event.seq


@contextmanager
def making_sense(event: Event) -> Iterator[None]:
    """Turn whatever goes wrong over an event into a word about it.

    Raises
    ------
    Senseless
    """
    try:
        yield
    except _WRONG as error:
        why = str(error) if isinstance(error, DamagedVoxels) else type(error).__name__
        raise Senseless(event, why) from error
