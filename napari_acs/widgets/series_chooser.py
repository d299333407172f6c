"""Asks which series of a DICOM study are its sequences: all are listed, with the guess made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_acs.imaging import TITLES
from napari_acs.imaging.candidate import Candidate
from napari_acs.imaging.identify.guess import SequenceGuess

_COLUMNS = ("Use as", "Study and date", "Series", "Slices and spacing", "Guess", "Why")
_WIDEST = (120, 150, 220, 150, 100)
"""Pixels, of all columns but the last, which takes what is left; longer texts are wrapped."""
_SIZE = (1040, 480)
_NOT_USED = "not used"


class SeriesChooser(QDialog):
    """A table with a box in each row. ``chosen()`` holds the answer once it was accepted."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        proposal: dict[str, Candidate],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Which series are the sequences?")
        self.setObjectName("series_chooser")
        self._candidates = tuple(candidates)
        self._proposed = [
            next((key for key, other in proposal.items() if other is candidate), None)
            for candidate in self._candidates
        ]
        self._boxes: list[QComboBox] = []
        self._table = QTableWidget(len(self._candidates), len(_COLUMNS))
        self._trouble = QLabel()
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        self._prepare_table()
        for row, candidate in enumerate(self._candidates):
            self._fill(row, candidate)
        self._lay_out()
        self._judge()

    def chosen(self) -> dict[str, Candidate]:
        """Return the candidate of each sequence that has one.

        The guess of one that was not proposed so is the user's word.
        """
        found = {}
        for box, candidate, proposed in zip(
            self._boxes, self._candidates, self._proposed, strict=True
        ):
            key = box.currentData()
            if key:
                said = SequenceGuess(key, 1.0, "you chose it", "user")
                own = key == proposed
                found[key] = candidate if own else replace(candidate, guess=said)
        return found

    def showEvent(self, event: Any) -> None:  # noqa: N802
        """Give every row the height that its texts need at the width they have now."""
        super().showEvent(event)
        self._table.resizeRowsToContents()

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Wrap the texts anew."""
        super().resizeEvent(event)
        self._table.resizeRowsToContents()

    def _prepare_table(self) -> None:
        table = self._table
        table.setObjectName("series")
        table.setHorizontalHeaderLabels(_COLUMNS)
        rows = table.verticalHeader()
        assert rows is not None
        rows.setVisible(False)
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        table.setWordWrap(True)
        # a row of many lines must not jump out of sight as a whole
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)

    def _lay_out(self) -> None:
        table, header = self._table, self._table.horizontalHeader()
        assert header is not None
        table.resizeColumnsToContents()
        for column, widest in enumerate(_WIDEST):
            # the boxes have no width yet
            needed = table.columnWidth(column) + 12 if column else widest
            table.setColumnWidth(column, min(widest, needed))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._trouble.setObjectName("trouble")
        self._trouble.setWordWrap(True)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(table)
        layout.addWidget(self._trouble)
        layout.addWidget(self._buttons)
        width, height = _SIZE
        if (screen := self.screen()) is not None:
            room = screen.availableSize()
            width, height = min(width, room.width() - 40), min(height, room.height() - 80)
        self.resize(width, height)

    def _fill(self, row: int, candidate: Candidate) -> None:
        box = QComboBox()
        box.setObjectName(f"use_{row}")
        box.addItem(_NOT_USED, None)
        for key, title in TITLES.items():
            box.addItem(title, key)
        mine = self._proposed[row]
        box.setCurrentIndex(box.findData(mine) if mine else 0)
        box.currentIndexChanged.connect(self._judge)
        self._boxes.append(box)
        self._table.setCellWidget(row, 0, box)
        date = candidate.date
        date = f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 else date
        words = (
            "\n".join(filter(None, (candidate.study, date))),
            candidate.title,
            candidate.detail.replace(", ", "\n"),
            _guess(candidate),
            _why(candidate),
        )
        for column, text in enumerate(words, start=1):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            item.setTextAlignment(int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter))
            self._table.setItem(row, column, item)

    def _judge(self) -> None:
        """Allow *Open* only where each sequence is chosen once, and one at least."""
        used = [
            (box.currentData(), candidate)
            for box, candidate in zip(self._boxes, self._candidates, strict=True)
            if box.currentData()
        ]
        keys = [key for key, _ in used]
        twice = [title for key, title in TITLES.items() if keys.count(key) > 1]
        words = ""
        if len({candidate.study for _, candidate in used}) > 1:
            words = "The chosen series are of different studies: choose those of one."
        elif twice:
            words = f"{', '.join(twice)} is chosen for two series: keep one."
        elif not used:
            words = "Choose at least one series."
        self._trouble.setText(words)
        button = self._buttons.button(QDialogButtonBox.StandardButton.Open)
        assert button is not None
        button.setEnabled(not words)


def _guess(candidate: Candidate) -> str:
    guess = candidate.guess
    if guess is None:
        return ""
    name = TITLES[guess.sequence] if guess.sequence else "none of the four"
    return f"{name}, {guess.confidence:.0%}"


def _why(candidate: Candidate) -> str:
    reason = candidate.guess.reason if candidate.guess else ""
    return ". ".join(part.rstrip(". ") for part in (candidate.why_not, reason) if part)
