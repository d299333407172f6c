"""The list of models: name, state, whether the weights are verified, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_acs.widgets.check_list import COLOURS

if TYPE_CHECKING:
    from napari_acs.widgets.models_rows import ModelRow

COLUMNS = ("Model", "State", "Weights", "From")
WAITING, VERIFIED, CHANGED = "checking ...", "verified", "NOT verified"
_STATE_COLOURS = {"broken": COLOURS["red"], "untrained": COLOURS["amber"]}
_WEIGHT_COLOURS = {VERIFIED: COLOURS["green"], CHANGED: COLOURS["red"]}
_FEWEST_SHOWN = 4


class ModelsTable(QTableWidget):
    """One row a model, of which one is chosen. Signal: ``row_chosen(ModelRow or None)``."""

    row_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self.setObjectName("models")
        self.setHorizontalHeaderLabels(COLUMNS)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None and header is not None
        rows.setVisible(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMinimumHeight(rows.defaultSectionSize() * (_FEWEST_SHOWN + 1))
        self._rows: tuple[ModelRow, ...] = ()
        self.itemSelectionChanged.connect(self._on_selected)

    @property
    def chosen(self) -> ModelRow | None:
        """The chosen model."""
        items = self.selectedItems()
        return self._rows[items[0].row()] if items else None

    def show_rows(self, rows: Sequence[ModelRow], choose: Path | None = None) -> None:
        """Show these models; the one in the folder ``choose``, or the default one, is chosen."""
        self.blockSignals(True)
        self._rows = tuple(rows)
        self.clearSelection()
        self.setRowCount(len(rows))
        for number, row in enumerate(rows):
            cells = (row.title, row.state, "" if row.broken else WAITING, row.source)
            for column, words in enumerate(cells):
                item = QTableWidgetItem(words)
                item.setToolTip(row.why or f"{row.title}\n{row.path}")
                self.setItem(number, column, item)
            _paint(self.item(number, 1), _STATE_COLOURS)
        wanted = [n for n, row in enumerate(rows) if row.path == choose]
        wanted += [n for n, row in enumerate(rows) if row.default] + list(range(len(rows)))[:1]
        if wanted:
            self.selectRow(wanted[0])
        self.blockSignals(False)
        self._on_selected()

    def show_verified(self, why: Mapping[Path, str]) -> None:
        """Show of some folders whether the weights are what they should be, and why not."""
        for number, row in enumerate(self._rows):
            item = self.item(number, 2)
            if row.path in why and item is not None:
                item.setText(CHANGED if why[row.path] else VERIFIED)
                item.setToolTip(why[row.path])
                _paint(item, _WEIGHT_COLOURS)

    def _on_selected(self) -> None:
        self.row_chosen.emit(self.chosen)


def _paint(item: QTableWidgetItem | None, colours: Mapping[str, str]) -> None:
    if item is not None and item.text() in colours:
        item.setForeground(QColor(colours[item.text()]))
