"""What a mask was begun from, and what it cost to correct that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_acs.review.session.fold import EDITS
from napari_acs.review.session.replay import History, mask_events

if TYPE_CHECKING:
    import sqlite3

    from napari_acs.review.session.state import Mask, SessionState


@dataclass(frozen=True)
class Root:
    """The mask of a model, or one that was made elsewhere, that a reader's mask came from."""

    mask: Mask
    unchanged: bool


def root_of(
    connection: sqlite3.Connection, state: SessionState, mask: Mask, until: int | None
) -> Root | None:
    """Return what a mask was begun from; None where the reader drew on an empty one.

    A prediction that was promoted into the mask, and was not undone, counts more than the mask
    that it was started from.

    Parameters
    ----------
    connection : sqlite3.Connection
    state : SessionState
    mask : Mask
    until : int or None
        The event after which the mask is looked at; None: now.
    """
    if mask.origin != "human":
        return Root(mask, unchanged=True)
    at: Mask | None = mask
    edited = False
    while at is not None and at.origin == "human":
        promoted, touched = _promoted(connection, at, 2**62 if until is None else until)
        edited = edited or touched
        until = at.id
        source = promoted if promoted is not None else at.parent
        at = state.masks.get(source) if source is not None else None
    return Root(at, unchanged=not edited) if at is not None else None


def _promoted(connection: sqlite3.Connection, mask: Mask, until: int) -> tuple[int | None, bool]:
    """Return the mask promoted last into one, and whether strokes came after."""
    history, kinds = History(), {}
    for event in mask_events(connection, mask.id, EDITS, until=until):
        kinds[event.seq] = event
        history = history.after(event)
    promoted, touched = None, False
    for seq in history.done:
        event = kinds[seq]
        if event.kind == "promotion":
            promoted, touched = int(event.read()["from"]), False
        else:
            touched = True
    return promoted, touched
