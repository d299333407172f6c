"""Asks which series of a DICOM study are its sequences: all are listed, with the guess made."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
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

_COLUMNS = ("Use as", "Study", "Date", "Series", "Slices and spacing", "Guess, and why")
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
        self.resize(980, 420)
        self._candidates = tuple(candidates)
        self._boxes: list[QComboBox] = []
        self._table = QTableWidget(len(self._candidates), len(_COLUMNS))
        self._table.setObjectName("series")
        self._table.setHorizontalHeaderLabels(_COLUMNS)
        rows, header = self._table.verticalHeader(), self._table.horizontalHeader()
        assert rows is not None
        assert header is not None
        rows.setVisible(False)
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self._table.setWordWrap(True)
        for row, candidate in enumerate(self._candidates):
            self._fill(row, candidate, proposal)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        self._table.resizeRowsToContents()
        self._trouble = QLabel()
        self._trouble.setObjectName("trouble")
        self._trouble.setWordWrap(True)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self._table)
        layout.addWidget(self._trouble)
        layout.addWidget(self._buttons)
        self._judge()

    def chosen(self) -> dict[str, Candidate]:
        """Return the candidate of each sequence that has one."""
        said = zip(self._boxes, self._candidates, strict=True)
        return {box.currentData(): candidate for box, candidate in said if box.currentData()}

    def _fill(self, row: int, candidate: Candidate, proposal: dict[str, Candidate]) -> None:
        box = QComboBox()
        box.setObjectName(f"use_{row}")
        box.addItem(_NOT_USED, None)
        for key, title in TITLES.items():
            box.addItem(title, key)
        mine = next((key for key, other in proposal.items() if other is candidate), None)
        box.setCurrentIndex(box.findData(mine) if mine else 0)
        box.currentIndexChanged.connect(self._judge)
        self._boxes.append(box)
        self._table.setCellWidget(row, 0, box)
        date = candidate.date
        date = f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 else date
        words = (candidate.study, date, candidate.title, candidate.detail, _reason(candidate))
        for column, text in enumerate(words, start=1):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            item.setTextAlignment(int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter))
            self._table.setItem(row, column, item)

    def _judge(self) -> None:
        """Allow *Open* only where each sequence is chosen once, and one at least."""
        used = [box.currentData() for box in self._boxes if box.currentData()]
        twice = sorted({TITLES[key] for key in used if used.count(key) > 1})
        words = ""
        studies = {c.study for c in self.chosen().values()}
        if len(studies) > 1:
            words = "The chosen series are of different studies: choose those of one."
        elif twice:
            words = f"{', '.join(twice)} is chosen for two series: keep one."
        elif not used:
            words = "Choose at least one series."
        self._trouble.setText(words)
        button = self._buttons.button(QDialogButtonBox.StandardButton.Open)
        assert button is not None
        button.setEnabled(not words)


def _reason(candidate: Candidate) -> str:
    parts = [candidate.why_not] if candidate.why_not else []
    if (guess := candidate.guess) is not None:
        name = TITLES[guess.sequence] if guess.sequence else "none of the four"
        parts.append(f"{name}, {guess.confidence:.0%}: {guess.reason}")
    return ". ".join(part.rstrip(". ") for part in parts)
