"""What the reader types and decides about the open case, written as they go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Slot

from napari_acs.review.session.decisions import (
    answer,
    decide,
    keep_classification,
    write_note,
)
from napari_acs.viewer.classification_layer import classification_in

if TYPE_CHECKING:
    from napari_acs.review.session.session import Session
    from napari_acs.widgets.review_cases import ReviewCases
    from napari_acs.widgets.review_panel import ReviewPanel

_NOTE_MS = 800
"""A note is written when nothing was typed for so long."""


class Saying(QObject):
    """Writes notes, answers, decisions and what a classifier said into the session."""

    def __init__(self, panel: ReviewPanel, cases: ReviewCases, parent: QObject) -> None:
        super().__init__(parent)
        self._panel, self._cases = panel, cases
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_NOTE_MS)
        self._typing.timeout.connect(self.write)
        panel.decide.note.textChanged.connect(self._typing.start)
        panel.decide.form.changed.connect(self.write)
        panel.decide.decided.connect(self._decide)

    def filled_in(self) -> None:
        """Pass over what was not typed but shown."""
        self._typing.stop()

    @Slot()
    def write(self) -> None:
        """Write what was typed about the open case."""
        self._typing.stop()
        write = self._typed()
        if write is not None:
            self._cases.do(write)

    @Slot(str)
    def _decide(self, status: str) -> None:
        item, write = self._cases.item, self._typed()
        if item is None or write is None:
            return
        self._typing.stop()

        def settle(session: Session) -> None:
            write(session)
            decide(session, item, status)

        self._panel.message.clear()
        self._cases.do(settle)

    def _typed(self) -> Callable[[Session], None] | None:
        item = self._cases.item
        if item is None or self._cases.now is None:
            return None
        text = self._panel.decide.note.toPlainText()
        answers = self._panel.decide.form.answers
        classified = classification_in(self._cases.screen.layers)

        def write(session: Session) -> None:
            write_note(session, item, text)
            answer(session, item, answers)
            keep_classification(session, item, classified)

        return write
