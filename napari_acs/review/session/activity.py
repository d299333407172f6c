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
    spent: dict[int, float] = {}
    before: Sign | None = None
    for sign in signs:
        if before is not None and before.item is not None:
            gap = sign.seconds - before.seconds if sign.run == before.run else 0.0
            spent[before.item] = spent.get(before.item, 0.0) + min(max(gap, 0.0), idle_s)
        before = sign
    return spent


def read_signs(connection: sqlite3.Connection, until: int = 2**62) -> list[Sign]:
    """Return every sign of the reader that a log holds, up to an event."""
    rows = connection.execute(
        f"SELECT run, clock_ms, item FROM event WHERE ({_SIGNS}) AND seq <= ? ORDER BY seq",
        (until,),
    )
    return [Sign(run, clock / 1000.0, item) for run, clock, item in rows]


def times(connection: sqlite3.Connection, idle_s: float, until: int = 2**62) -> Mapping[int, float]:
    """Return the seconds that a session's reader spent on each item, up to an event."""
    return active_seconds(read_signs(connection, until), idle_s)
