"""How long a reader has been at a mask: as the session knows it, and noted on the layer."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import ref

from napari_acs.errors import BadInput
from napari_acs.review.session.activity import Tally
from napari_acs.review.session.merge import unaided_seconds

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_acs.review.session.session import Session
    from napari_acs.viewer.review_desk import Desk

_KEY = "napari_acs_active_time"


@dataclass(frozen=True)
class _Noted:
    layer: Any
    seconds: float
    at: float
    idle_s: float


def note_active(layer: Labels, seconds: float, idle_s: float = 0.0) -> None:
    """Let a mask's layer know how long its reader has been at it, up to their last sign.

    Parameters
    ----------
    layer : Labels
    seconds : float
    idle_s : float
        So long after that sign time goes on.
    """
    noted = _Noted(ref(layer), seconds, monotonic(), idle_s)
    layer.metadata[_KEY] = noted  # in place: no event, as it comes often


def active_seconds(layer: Labels) -> float | None:
    """Return how long a mask's reader has been at it by now; None where no session knows.

    It is what the session will count if they give a sign now. A duplicate of a layer takes its
    metadata along, and is not what the session counts.
    """
    noted = layer.metadata.get(_KEY)
    if not isinstance(noted, _Noted) or noted.layer() is not layer:
        return None
    return noted.seconds + min(monotonic() - noted.at, noted.idle_s)


class CaseTime:
    """The active time of the case that a desk has open; used in the session's thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._session: Session | None = None
        self._tally = Tally(0.0)
        self._unaided: dict[int, float] = {}

    def now(self) -> tuple[int, float, float] | None:
        """Return the open item, its active seconds up to the last sign, and how long time goes on.

        None where no case is open.

        As a report counts them: where an item is read in two parts, of the second alone once the
        masks of others were shown.
        """
        try:
            session, mask = self._desk.session, self._desk.journal.editor.mask
        except BadInput:
            return None
        if session is not self._session:
            self._session, self._tally = session, Tally(session.state.idle_s)
            self._unaided = {}
        connection = session.log.connection
        self._tally.read(connection)
        item = session.item(mask.item)
        if item.revealed and item.number not in self._unaided:
            self._unaided[item.number] = unaided_seconds(connection, session.state, item)
        spent = self._tally.spent.get(item.number, 0.0)
        unaided = self._unaided.get(item.number, 0.0)
        return item.number, spent - unaided, session.state.idle_s
