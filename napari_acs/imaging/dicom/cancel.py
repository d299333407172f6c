"""How long work on files stops when the user says so."""

from __future__ import annotations

from collections.abc import Callable


class Cancelled(Exception):
    """The work was cancelled; nothing was changed."""


def never() -> bool:
    """Return False: the work is not to be cancelled."""
    return False


def check_cancelled(cancelled: Callable[[], bool]) -> None:
    """Raise `Cancelled` when the user has cancelled."""
    if cancelled():
        raise Cancelled("Cancelled")
