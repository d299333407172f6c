"""Ctrl-C while data are looked at and prepared: heard between two cases."""

from __future__ import annotations

from collections.abc import Callable

Told = Callable[[str, int, int], None]
"""Is told (stage, done, total)."""


class Stopped(Exception):
    """The user asked to stop."""


def heard(progress: Told, stop: Callable[[], bool]) -> Told:
    """Return a progress that raises `Stopped`, once it has told, where the user asked to stop."""

    def told(stage: str, done: int, total: int) -> None:
        progress(stage, done, total)
        if stop():
            raise Stopped

    return told
