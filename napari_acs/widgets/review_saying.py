"""What the reader types and decides about the open case, written as they go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Slot

from napari_acs.errors import BadInput
from napari_acs.review.session.decisions import decide, keep_classification, say
from napari_acs.review.session.state import ACCEPTED, CORRECTED
from napari_acs.viewer.classification_layer import classification_in
from napari_acs.viewer.moved import refuse_moved

if TYPE_CHECKING:
    from napari_acs.review.session.session import Session
    from napari_acs.widgets.review_cases import ReviewCases
    from napari_acs.widgets.review_ending import Typed
    from napari_acs.widgets.review_panel import ReviewPanel

_NOTE_MS = 800
"""What is typed is written so long after its first letter: less than a second can be lost."""


class Saying(QObject):
    """Writes notes, answers, decisions and what a classifier said into the session.

    What is typed waits in `ReviewCases.last` until it is written, so that neither a full disk nor
    a window that closes loses it.
    """

    def __init__(self, panel: ReviewPanel, cases: ReviewCases, parent: QObject) -> None:
        super().__init__(parent)
        self._panel, self._cases = panel, cases
        self._misfit = ""
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_NOTE_MS)
        self._typing.timeout.connect(self.write)
        panel.decide.note.textChanged.connect(self._on_typed)
        panel.decide.form.typed.connect(self._on_typed)
        panel.decide.form.changed.connect(self.write)
        panel.decide.decided.connect(self._decide)

    def filled_in(self) -> None:
        """Pass over what was not typed but shown."""
        self._typing.stop()
        self._cases.last.typed = None

    def keep(self) -> Typed | None:
        """Hold on to all that is said of the open case until it is written."""
        self._cases.last.typed = self._typed()
        return self._cases.last.typed

    @Slot()
    def write(self) -> None:
        """Write what was typed about the open case."""
        self._typing.stop()
        typed = self.keep()
        if typed is not None:
            self._cases.do(
                typed, done=partial(self._on_written, typed), refused=self._cases.keeping.refused
            )

    def _on_typed(self) -> None:
        self.keep()
        if not self._typing.isActive():
            self._typing.start()

    def _on_written(self, typed: Typed, misfit: BadInput | None) -> None:
        if misfit is not None:  # it stays where it was typed, until it is mended
            self._misfit = misfit.sentence()
            self._cases.refused.emit(self._misfit)
            return
        if self._cases.last.typed is typed:
            self._cases.last.typed = None
        if self._misfit and self._panel.message.text().startswith(self._misfit):
            self._panel.message.clear()
        self._misfit = ""

    @Slot(str)
    def _decide(self, status: str) -> None:
        item, write = self._cases.item, self.keep()
        if item is None or write is None:
            return
        if status in (ACCEPTED, CORRECTED):
            try:
                refuse_moved(self._cases.screen.layers)
            except BadInput as refusal:
                self._cases.refused.emit(refusal.sentence())
                return
        self._typing.stop()

        def settle(session: Session) -> None:
            misfit = write(session)
            if misfit is not None:
                raise misfit
            decide(session, item, status)

        self._panel.message.clear()
        self._cases.do(settle, done=lambda _: self._on_written(write, None))

    def _typed(self) -> Typed | None:
        item = self._cases.item
        if item is None or self._cases.now is None:
            return None
        text = self._panel.decide.note.toPlainText()
        answers = self._panel.decide.form.answers
        classified = classification_in(self._cases.screen.layers)

        def write(session: Session) -> BadInput | None:
            misfit = say(session, item, text, answers)
            keep_classification(session, item, classified)
            return misfit

        return write
