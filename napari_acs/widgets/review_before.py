"""The exam before of the open case: offered, compared in a worker, shown until the next edit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, Signal, Slot
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_acs.inference.messages import Failure
from napari_acs.review.session.exams import ExamBefore, exam_before
from napari_acs.viewer.review_exams import (
    ExamPair,
    compare_exams,
    take_exams,
    text_of,
    titled,
    when,
)
from napari_acs.widgets.job import JobRunner
from napari_acs.widgets.one_call import Call, Returned, call_job

if TYPE_CHECKING:
    from napari_acs.viewer.review_desk import Saved
    from napari_acs.widgets.review_cases import ReviewCases


class BeforeCard(QWidget):
    """A button and what the comparison said. Signal: ``compare()``."""

    compare = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = QPushButton("Compare with the exam before")
        self.button.setObjectName("compare_before")
        self.button.clicked.connect(lambda *_: self.compare.emit())
        self.text = QLabel()
        self.text.setObjectName("before")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        layout.addWidget(self.text)
        self.offer(None)

    def offer(self, before: ExamBefore | None) -> None:
        """Offer a comparison, or none."""
        self.setVisible(before is not None)
        if before is None:
            return
        there = before.has_mask
        self.button.setEnabled(there)
        why = "; its mask was rejected" if before.rejected else "; open it first"
        self.button.setToolTip(f"{titled(before)}, {when(before)}" + ("" if there else why))

    def say(self, text: str, *, busy: bool = False) -> None:
        """Show what the comparison said, or that it is made."""
        self.button.setEnabled(not busy)
        self.text.setText(text)
        self.text.setVisible(bool(text))


class ExamComparing(QObject):
    """Compares the open case with the exam before. Signal: ``compared(str)``, once it is shown.

    What it says is of the mask as it is in the session; after the next edit it is taken away.
    """

    compared = Signal(str)

    def __init__(self, card: BeforeCard, cases: ReviewCases, parent: QObject) -> None:
        super().__init__(parent)
        self._card, self._cases = card, cases
        self._before: ExamBefore | None = None
        self._asked = 0
        self._taking = False
        self._runner = JobRunner(call_job, self)
        self._runner.ended.connect(self._on_ended)
        card.compare.connect(self._compare)
        cases.saved.connect(self._on_saved)

    def offer(self) -> None:
        """Offer what there is for the open case."""
        now, item = self._cases.now, self._cases.item
        found = None
        if now is not None and item is not None:
            found = exam_before(now.state, now.state.items[item].case)
        if found != self._before:
            self.forget()
        self._before = found
        self._card.offer(found)

    def forget(self) -> None:
        """Take away what was said, and drop what is still to come."""
        self._asked += 1
        self._taking = False
        self._before = None
        self._runner.abandon()
        self._card.say("")

    @Slot()
    def _compare(self) -> None:
        if self._before is None or not self._before.has_mask or self._taking:
            return
        self._runner.abandon()
        self._asked += 1
        self._taking = True
        self._card.say("Comparing ...", busy=True)
        self._cases.save()
        self._cases.keeper.ask(
            take_exams,
            self._cases.desk,
            self._before,
            done=partial(self._on_taken, self._asked),
            refused=partial(self._on_refused, self._asked),
        )

    def _on_taken(self, asked: int, pair: ExamPair) -> None:
        if asked == self._asked:
            self._taking = False
            self._runner.start(Call(lambda cancelled: compare_exams(pair, cancelled)))

    def _on_refused(self, asked: int, sentence: str) -> None:
        if asked == self._asked:
            self._taking = False
            self._say(sentence)

    @Slot(object, object)
    def _on_ended(self, _call: Call, outcome: Returned | Failure) -> None:
        self._say(outcome.sentence() if isinstance(outcome, Failure) else text_of(outcome.value))

    def _say(self, text: str) -> None:
        self._card.say(text)
        self.compared.emit(text)

    @Slot(object)
    def _on_saved(self, saved: Saved) -> None:
        if saved.changed and not self._taking:  # what was saved first is in what is compared
            self.forget()
            self.offer()
