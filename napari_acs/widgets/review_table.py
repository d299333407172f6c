"""The worklist: a line for each reading of a case, filtered by status, sorted by a header."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_acs.review.session.state import STATUSES
from napari_acs.review.session.worklist import Row, arranged, neighbour
from napari_acs.widgets.check_list import COLOURS

COLUMNS = ("Case", "✎", "Status", "ml", "±", "Time")
_SAID = ("", "note", "", "volume", "uncertainty of the prediction", "time spent, minutes")
_SORTS = ("name", "plan", "status", "volume", "uncertainty", "time")
_COLOURS = {
    "accepted": COLOURS["green"],
    "corrected": COLOURS["green"],
    "rejected": COLOURS["red"],
    "needs second read": COLOURS["amber"],
}
_ALL = "all"
_FEWEST_SHOWN = 5
_NARROWEST = 24


class ReviewTable(QWidget):
    """Filter, search and lines. Signal: ``opened(int)``, the item of a double click."""

    opened = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[Row, ...] = ()
        self._shown: list[Row] = []
        self._drawn: list[tuple[Row, bool]] = []
        self._current: int | None = None
        self._by, self._descending = "plan", False
        self.status = QComboBox()
        self.status.setObjectName("status")
        self.status.addItems([_ALL, *STATUSES])
        self.text = QLineEdit()
        self.text.setObjectName("search")
        self.text.setPlaceholderText("search cases and notes")
        self.table = _table()
        self.status.currentIndexChanged.connect(lambda *_: self._arrange())
        self.text.textChanged.connect(lambda *_: self._arrange())
        self.table.cellDoubleClicked.connect(lambda row, _: self.opened.emit(self._shown[row].item))
        header = self.table.horizontalHeader()
        assert header is not None
        header.sectionClicked.connect(self._on_header)
        row = QHBoxLayout()
        row.addWidget(self.status)
        row.addWidget(self.text, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.table)

    @property
    def shown(self) -> list[Row]:
        """The lines in the order of the screen."""
        return list(self._shown)

    def show_rows(self, rows: Sequence[Row], current: int | None) -> None:
        """Show a worklist; the item that is open is set in bold."""
        self._rows, self._current = tuple(rows), current
        self._arrange()

    def show_current(self, item: int) -> None:
        """Set another item in bold: the one that is asked for, also where it cannot be read."""
        self._current = item
        self._arrange()

    def beside(self, step: int) -> int | None:
        """Return the item before (-1) or after (1) the open one in the order of the screen."""
        return neighbour(self._shown, self._current, step)

    def _on_header(self, column: int) -> None:
        by = _SORTS[column]
        self._descending = not self._descending if by == self._by else False
        self._by = by
        self._arrange()

    def _arrange(self) -> None:
        status = self.status.currentText()
        self._shown = arranged(
            self._rows,
            statuses=() if status == _ALL else (status,),
            text=self.text.text(),
            by=self._by,
            descending=self._descending,
        )
        # What is drawn already stays: a worklist may have thousands of lines, and one changes.
        wanted = [(row, row.item == self._current) for row in self._shown]
        self.table.setRowCount(len(wanted))
        drawn, self._drawn = self._drawn, wanted
        for number, line in enumerate(wanted):
            if number >= len(drawn) or drawn[number] != line:
                for column, words in enumerate(_cells(line[0])):
                    self.table.setItem(number, column, self._cell(line[0], column, words))
        if drawn != wanted:
            self.table.resizeColumnsToContents()

    def _cell(self, row: Row, column: int, words: str) -> QTableWidgetItem:
        cell = QTableWidgetItem(words)
        cell.setToolTip(row.note if column == 1 else _tip(row))
        if column == 2 and row.status in _COLOURS:
            cell.setForeground(QColor(_COLOURS[row.status]))
        if row.item == self._current:
            bold = QFont(cell.font())
            bold.setBold(True)
            cell.setFont(bold)
        if column in {3, 4, 5}:
            cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return cell


def _table() -> QTableWidget:
    table = QTableWidget(0, len(COLUMNS))
    table.setObjectName("worklist")
    table.setHorizontalHeaderLabels(COLUMNS)
    for column, said in enumerate(_SAID):
        item = table.horizontalHeaderItem(column)
        assert item is not None
        item.setToolTip(said)
    rows, header = table.verticalHeader(), table.horizontalHeader()
    assert rows is not None and header is not None
    rows.setVisible(False)
    # ResizeToContents goes through all lines for each cell that is put in: minutes for thousands.
    header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header.setResizeContentsPrecision(-1)  # all lines: a pseudonym that is cut names nothing
    header.setSectionsClickable(True)
    header.setMinimumSectionSize(_NARROWEST)
    table.setWordWrap(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setMinimumHeight(rows.defaultSectionSize() * (_FEWEST_SHOWN + 1))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    seconds = round(row.seconds)
    return (
        row.case,
        "✎" if row.note else "",
        row.status,
        "" if row.volume_ml is None else f"{row.volume_ml:.1f}",
        "" if row.uncertainty is None else f"{row.uncertainty:.3f}",
        f"{seconds // 60}:{seconds % 60:02d}" if seconds else "",
    )


def _tip(row: Row) -> str:
    said = f"Item {row.item}, {row.case}: {row.status}, {row.edits} edits"
    said += ", accepted in bulk" if row.bulk else ""
    return said + (", drawn for the audit" if row.audited else "")
