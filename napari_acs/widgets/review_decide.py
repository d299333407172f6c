"""What a reader says of the open case: undo, masks of others, form, note, decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_acs.review.session.state import ACCEPTED, CORRECTED, REJECTED, SECOND_READ
from napari_acs.widgets.review_form import ReviewForm

DECISIONS: Mapping[str, tuple[str, str]] = {
    ACCEPTED: ("accept", "Accept"),
    CORRECTED: ("correct", "Accept as corrected"),
    REJECTED: ("reject", "Reject"),
    SECOND_READ: ("second", "Needs second read"),
}
"""Name and title of the button that decides so."""
_NOTE_PX = 60


class ReviewDecide(QWidget):
    """The card of the open case; it emits what is clicked.

    Signals: ``moved(str)`` ("undo" or "redo"), ``decided(str)``, ``look(int)`` and
    ``replace(int)`` at another's mask, ``take()``, ``reveal()``.
    """

    moved = Signal(str)
    decided = Signal(str)
    look = Signal(int)
    replace = Signal(int)
    take = Signal()
    reveal = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel()
        self.title.setObjectName("case")
        self.title.setWordWrap(True)
        self.title.setTextFormat(Qt.TextFormat.PlainText)  # a folder's name may hold tags
        self.form = ReviewForm()
        self.note = QPlainTextEdit()
        self.note.setObjectName("note")
        self.note.setPlaceholderText("note (exported as typed: no names)")
        self.note.setMaximumHeight(_NOTE_PX)
        self.undo = _button("undo", "Undo", lambda: self.moved.emit("undo"))
        self.undo.setToolTip("Take back the last edit of this mask, also of an earlier day")
        self.redo = _button("redo", "Redo", lambda: self.moved.emit("redo"))
        self.others = QComboBox()
        self.others.setObjectName("others")
        self._look = _button("look", "Look at it", lambda: self._about_other(self.look.emit))
        self._replace = _button(
            "replace", "Replace mine", lambda: self._about_other(self.replace.emit)
        )
        self._take = _button("take", "Take the segmentation", self.take.emit)
        self._reveal = _button("reveal", "Show the masks of others", self.reveal.emit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.title)
        layout.addLayout(_row(self.undo, self.redo))
        layout.addWidget(self._take)
        layout.addWidget(self._reveal)
        self._of_others = QWidget()
        of_others = QVBoxLayout(self._of_others)
        of_others.setContentsMargins(0, 0, 0, 0)
        of_others.addWidget(self.others)
        of_others.addLayout(_row(self._look, self._replace))
        layout.addWidget(self._of_others)
        layout.addWidget(self.form)
        layout.addWidget(self.note)
        decisions = QGridLayout()
        for number, (status, (name, title)) in enumerate(DECISIONS.items()):
            button = _button(name, title, partial(self.decided.emit, status))
            decisions.addWidget(button, number // 2, number % 2)
        layout.addLayout(decisions)
        self._masks: list[tuple[int, str]] = []
        self._of_others.hide()
        self.show_segmentation("")
        self.show_reveal(offered=False)

    def show_history(self, undoable: bool, redoable: bool) -> None:
        """Offer to undo and redo where there is something."""
        self.undo.setEnabled(undoable)
        self.redo.setEnabled(redoable)

    def show_others(self, masks: Sequence[tuple[int, str]]) -> None:
        """Offer the masks that the reader has not drawn, by id and title; the last is chosen."""
        if masks == self._masks:
            return  # what is chosen stays chosen
        self._masks = list(masks)
        self._of_others.setVisible(bool(masks))
        self.others.clear()
        for number, title in masks:
            self.others.addItem(title, number)
        self.others.setCurrentIndex(len(masks) - 1)

    def show_segmentation(self, title: str) -> None:
        """Offer to take what the Segment panel made; nothing where there is none."""
        self._take.setVisible(bool(title))
        self._take.setText(f"Take the segmentation of {title}")

    def show_reveal(self, *, offered: bool) -> None:
        """Offer the second part of a read."""
        self._reveal.setVisible(offered)

    def _about_other(self, emit: Callable[[int], object]) -> None:
        if self.others.currentData() is not None:
            emit(self.others.currentData())


def _button(name: str, title: str, clicked: Callable[[], object]) -> QPushButton:
    button = QPushButton(title)
    button.setObjectName(name)
    button.clicked.connect(lambda *_: clicked())
    return button


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row
