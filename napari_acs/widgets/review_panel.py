"""What the Review panel shows. It emits signals, and knows no viewer."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_acs.review.session.form import form_of
from napari_acs.review.session.masks import visible_masks
from napari_acs.review.session.state import DECIDED
from napari_acs.viewer.review_desk import Begun, Saved, Seen
from napari_acs.widgets.message_box import MessageBox
from napari_acs.widgets.review_before import BeforeCard
from napari_acs.widgets.review_decide import ReviewDecide
from napari_acs.widgets.review_start import ReviewStart
from napari_acs.widgets.review_table import ReviewTable
from napari_acs.widgets.review_whole import ReviewWhole


class ReviewPanel(QWidget):
    """The session and what was saved when, the worklist, the open case, the whole session.

    Signal: ``step(int)``, to the next (1) or the previous (-1) case. The parts have their own.
    """

    step = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.start = ReviewStart()
        self.message = MessageBox()
        self.session = QLabel("No session is open.")
        self.session.setObjectName("session")
        self.session.setWordWrap(True)
        self.session.setTextFormat(Qt.TextFormat.PlainText)  # a rater's name may hold tags
        self.table = ReviewTable()
        self.decide = ReviewDecide()
        self.before = BeforeCard()
        self.whole = ReviewWhole()
        self.saved = QLabel()
        self.saved.setObjectName("saved")
        layout = QVBoxLayout(self)
        layout.addWidget(self.start)
        layout.addWidget(self.session)
        layout.addWidget(self.saved)
        layout.addWidget(self.message)
        self._work = QWidget()
        work = QVBoxLayout(self._work)
        work.setContentsMargins(0, 0, 0, 0)
        work.addWidget(self.table)
        row = QHBoxLayout()
        for name, title, step in (("previous", "Previous", -1), ("next", "Next", 1)):
            button = QPushButton(title)
            button.setObjectName(name)
            button.clicked.connect(lambda *_, step=step: self.step.emit(step))
            row.addWidget(button)
        work.addLayout(row)
        work.addWidget(self.decide)
        work.addWidget(self.before)
        work.addWidget(self.whole)
        layout.addWidget(self._work)
        layout.addStretch(1)
        self.show_case(None)
        self._work.hide()

    def show_session(self, seen: Seen | None, current: int | None) -> None:
        """Show what a session says; None where it was closed."""
        self._work.setVisible(seen is not None)
        if seen is None:
            self.session.setText("No session is open.")
            self.saved.clear()
            return
        state = seen.state
        done = sum(item.status in DECIDED for item in state.items.values())
        self.session.setText(
            f"{seen.path.name}, read by {state.rater}: {done} of {len(state.items)} decided"
        )
        self.session.setToolTip(str(seen.path))
        self.table.show_rows(seen.rows, current)
        self.whole.show_state(state)
        self.decide.form.show_form(form_of(state.form))
        self.decide.show_history(seen.undoable, seen.redoable)
        if current is not None:
            self._show_item(seen, current)

    def show_case(self, begun: Begun | None) -> None:
        """Show a case that was opened, with its note and its answers; None: there is none."""
        self.decide.setVisible(begun is not None)
        if begun is None:
            return
        item = begun.seen.state.items[begun.item]
        self.decide.form.show_answers(item.answers)
        self.decide.note.setPlainText(item.note)

    def show_saved(self, saved: Saved, at: str) -> None:
        """Show when the last edit came to the disk."""
        self.decide.show_history(saved.undoable, saved.redoable)
        if saved.changed:
            self.saved.setText(f"saved {at}")

    def _show_item(self, seen: Seen, number: int) -> None:
        item = seen.state.items[number]
        place = [row.item for row in seen.rows].index(number) + 1
        self.decide.title.setText(f"{item.shown_name} ({place} of {len(seen.rows)}): {item.status}")
        self.decide.show_others(_others(seen, number))
        first = item.ai == "after" and not item.revealed
        self.decide.show_reveal(offered=first and item.status in DECIDED)


def _others(seen: Seen, item: int) -> Sequence[tuple[int, str]]:
    """Return id and title of the masks that the reader has not drawn, and may see."""
    masks = [mask for mask in visible_masks(seen.state, item) if mask.origin != "human"]
    return [(mask.id, f"{mask.title} ({mask.volume_ml:.1f} ml)") for mask in masks]
