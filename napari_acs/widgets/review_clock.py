"""Tells the open case's mask how long its reader has been at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_acs.viewer.active_time import CaseTime, note_active

if TYPE_CHECKING:
    from napari_acs.widgets.review_cases import ReviewCases


class ReviewClock(QObject):
    """Asks the session after every edit, and every few seconds that the reader is there.

    Other panels read it from the layer (`napari_acs.viewer.active_time.active_seconds`).
    Signal: ``told(float)``, seconds.
    """

    told = Signal(float)

    def __init__(self, cases: ReviewCases, parent: QObject) -> None:
        super().__init__(parent)
        self._cases = cases
        self._time = CaseTime(cases.desk)
        # After the cases themselves: what these signals record is in the session by then.
        for signal in (cases.begun, cases.saved, cases.seen, cases.watch.active, cases.watch.moved):
            signal.connect(self._ask)

    def _ask(self, *_: Any) -> None:
        if self._cases.follower.layer is not None:
            self._cases.keeper.ask(self._time.now, done=self._on_told)

    def _on_told(self, found: tuple[int, float, float] | None) -> None:
        layer = self._cases.follower.layer
        if found is not None and layer is not None and found[0] == self._cases.item:
            note_active(layer, *found[1:])
            self.told.emit(found[1])
