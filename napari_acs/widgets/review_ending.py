"""What is still saved when the window goes without a word."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from napari_acs.errors import BadInput
from napari_acs.review.session.session import Session
from napari_acs.viewer.review_desk import Desk
from napari_acs.widgets.collection import Passing
from napari_acs.widgets.review_thread import end_thread

if TYPE_CHECKING:
    from napari.layers import Labels

Typed: TypeAlias = Callable[[Session], BadInput | None]
"""Writes what was typed about a case; returns the refusal of what does not fit."""


@dataclass
class Last:
    """What is still to be saved where the window goes without a word: its mask, what was typed."""

    layer: Labels | None = None
    typed: Typed | None = None


def end_case(
    pool: ThreadPoolExecutor, desk: Desk, last: Last, passing: Passing, *_: object
) -> None:
    """Save what is on screen and what was typed, and close the session."""
    passing.end()
    layer, typed = last.layer, last.typed
    last.layer = last.typed = None
    works: list[Callable[[], object]] = []
    if layer is not None:
        works.append(partial(desk.save, layer.data, painted=False))
    if typed is not None:
        works.append(partial(_write, desk, typed))
    end_thread(pool, *works, desk.close)


def _write(desk: Desk, typed: Typed) -> None:
    misfit = typed(desk.session)
    if misfit is not None:
        raise misfit
