"""A session that is open in one window: its log, and the state that the log adds up to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import napari_acs
from napari_acs.errors import BadInput
from napari_acs.review.session.chain import Event
from napari_acs.review.session.database import reading
from napari_acs.review.session.faults import speaking
from napari_acs.review.session.fold import fold, read_state
from napari_acs.review.session.log import Draft, Log, now_utc, opened_log
from napari_acs.review.session.state import Item, SessionState


class Session:
    """An open session. Functions of this room that change it take it as their first argument."""

    def __init__(self, log: Log, state: SessionState) -> None:
        self.log = log
        self.state = state

    @property
    def path(self) -> Path:
        """The review file."""
        return self.log.path

    def record(self, *drafts: Draft) -> list[Event]:
        """Append events in one transaction, and follow them in the state.

        Raises
        ------
        BadInput
            They could not be written; log and state are as they were.
        """
        events = self.log.append(*drafts)
        for event in events:
            self.state = fold(self.state, event)
        return events

    def item(self, number: int) -> Item:
        """Return a line of the worklist.

        Raises
        ------
        BadInput
            There is none of that number.
        """
        return item_of(self.state, number)


@contextmanager
def open_session(path: Path, now: Callable[[], str] = now_utc) -> Iterator[Session]:
    """Open a session for work; one window at a time.

    Yields
    ------
    Session
        At the position where it was left, also by ``kill -9``.

    Raises
    ------
    BadInput
        See `napari_acs.review.session.log.opened_log`.
    """
    with opened_log(path, now) as log:
        with speaking(path, "cannot be opened"):
            state = read_state(log.connection)
        session = Session(log, state)
        log.start_run()
        session.record(Draft("opened", data={"version": napari_acs.__version__}))
        try:
            yield session
        finally:
            # A courtesy: on a full disk the log says no goodbye, and all else is in it.
            with suppress(BadInput):
                session.record(Draft("closed"))


def read_session(path: Path) -> SessionState:
    """Return a session's state without opening it for work; see `database.reading`."""
    with reading(path) as connection:
        return read_state(connection)


def item_of(state: SessionState, number: int) -> Item:
    """Return a line of the worklist.

    Raises
    ------
    BadInput
        There is none of that number.
    """
    if number not in state.items:
        raise BadInput(f"The worklist has no item {number}", expected=f"1 to {len(state.items)}")
    return state.items[number]
