"""How long a reader worked, by the times at which the log has a sign of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_SIGNS = "kind IN ('opened', 'closed', 'bulk', 'audit') OR item IS NOT NULL"


@dataclass(frozen=True)
class Sign:
    """A sign of the reader: in which opening of the window, at which second of it, on what.

    ``item`` is None where the reader left the items (the window was opened or closed).
    """

    run: int
    seconds: float
    item: int | None


def active_seconds(signs: Iterable[Sign], idle_s: float) -> Mapping[int, float]:
    """Return the time spent on each item.

    From one sign to the next the time is the item's that the first was about. Where nothing comes
    for longer than ``idle_s``, the clock stops ``idle_s`` after the first. Between two openings
    of the window, and where a clock went back, no time passes.

    Parameters
    ----------
    signs : iterable of Sign
        In order.
    idle_s : float

    Returns
    -------
    dict of int to float
        Seconds by item.
    """
    tally = Tally(idle_s)
    for sign in signs:
        tally.add(sign)
    return tally.spent


class Tally:
    """The time spent on each item so far, sign by sign; see `active_seconds`.

    Attributes
    ----------
    spent : dict of int to float
        Seconds by item.
    """

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s
        self._before: Sign | None = None
        self._seq = 0
        self.spent: dict[int, float] = {}

    def add(self, sign: Sign) -> None:
        """Take the next sign."""
        before, self._before = self._before, sign
        if before is not None and before.item is not None:
            gap = sign.seconds - before.seconds if sign.run == before.run else 0.0
            gap = min(max(gap, 0.0), self._idle_s)
            self.spent[before.item] = self.spent.get(before.item, 0.0) + gap

    def read(self, connection: sqlite3.Connection) -> None:
        """Take what a log says since it was last read: a stroke must not read all of it again."""
        last = connection.execute("SELECT max(seq) FROM event").fetchone()[0] or 0
        for sign in read_signs(connection, last, self._seq):
            self.add(sign)
        self._seq = last


def times_at(
    connection: sqlite3.Connection, idle_s: float, until: Mapping[int, int]
) -> dict[int, float]:
    """Return the seconds spent on items, each up to an event of its own, in one go.

    Parameters
    ----------
    connection : sqlite3.Connection
    idle_s : float
    until : mapping of int to int
        By item, the number of the event.
    """
    asked: dict[int, list[int]] = {}
    for item, seq in until.items():
        asked.setdefault(seq, []).append(item)
    tally, after = Tally(idle_s), 0
    found: dict[int, float] = {}
    for seq in sorted(asked):
        for sign in read_signs(connection, seq, after):
            tally.add(sign)
        found |= {item: tally.spent.get(item, 0.0) for item in asked[seq]}
        after = seq
    return found


def read_signs(connection: sqlite3.Connection, until: int = 2**62, after: int = 0) -> list[Sign]:
    """Return every sign of the reader that a log holds, after an event and up to another."""
    rows = connection.execute(
        f"SELECT run, clock_ms, item FROM event WHERE ({_SIGNS}) AND seq > ? AND seq <= ? "
        "ORDER BY seq",
        (after, until),
    )
    return [Sign(run, clock / 1000.0, item) for run, clock, item in rows]


def times(connection: sqlite3.Connection, idle_s: float, until: int = 2**62) -> Mapping[int, float]:
    """Return the seconds that a session's reader spent on each item, up to an event."""
    return active_seconds(read_signs(connection, until), idle_s)
