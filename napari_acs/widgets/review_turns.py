"""Work in the main thread done in pieces, so that the window may breathe between two of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from qtpy.QtCore import QObject, QTimer


class Turns(QObject):
    """Does a piece of work in each turn of the event loop, one work after the other.

    A work is an iterator: what it does up to its next ``yield`` is a piece.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._works: deque[Iterator[object]] = deque()
        self._at_it = False
        self._timer = QTimer(self)  # without an interval: when the events that wait are done
        self._timer.timeout.connect(self._do_piece)

    def start(self, work: Iterator[object]) -> None:
        """Do this when what was started before is done; its first piece at once if nothing is."""
        self._works.append(work)
        if len(self._works) == 1:
            self._timer.start()
            self._do_piece()

    def finish(self) -> None:
        """Do all that is left now; from within a piece, in the turns that follow."""
        while self._works and not self._at_it:
            self._do_piece()

    def _do_piece(self) -> None:
        if self._at_it:  # what was begun here opened a dialog, say
            return
        if not self._works:
            self._timer.stop()
            return
        work, goes_on = self._works[0], False
        self._at_it = True
        try:
            for _ in work:
                goes_on = True
                break
        finally:  # a work that failed holds up no other
            self._at_it = False
            if not goes_on:
                self._works.remove(work)
