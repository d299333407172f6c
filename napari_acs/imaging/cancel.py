"""How long work on images is told to stop."""

from __future__ import annotations

from collections.abc import Callable


class Cancelled(Exception):
    """The caller's ``cancelled`` said True; nothing was changed."""


def never() -> bool:
    """Return False: the work is not to be cancelled."""
    return False


def ignore(_done: float) -> None:
    """Take progress and show it nowhere."""


def stop_if(cancelled: Callable[[], bool]) -> None:
    """Raise `Cancelled` when the caller wants the work to end."""
    if cancelled():
        raise Cancelled
