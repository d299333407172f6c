"""What the Models panel shows. It emits signals, and knows neither files nor models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_acs.widgets.fold import Fold
from napari_acs.widgets.message_box import MessageBox
from napari_acs.widgets.models_folders import FoldersForm
from napari_acs.widgets.models_rows import facts
from napari_acs.widgets.models_table import ModelsTable

if TYPE_CHECKING:
    from napari_acs.widgets.models_rows import ModelRow

HINT = "Drop a model here: its folder, a .zip of it, or another tool's weights file."


class ModelsPanel(QWidget):
    """The list, what the chosen model says of itself, and buttons.

    Signals: ``add_clicked(bool)``, for a folder or not; ``default_clicked(ModelRow)``;
    ``remove_clicked(ModelRow)``; ``card_clicked(ModelRow)``.
    """

    add_clicked = Signal(bool)
    default_clicked = Signal(object)
    remove_clicked = Signal(object)
    card_clicked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = ModelsTable()
        self.folders = FoldersForm()
        self.message = MessageBox()
        self._busy = False
        self._unverified: dict[Path, str] = {}
        self._default = _button("Set default", "set_default")
        self._card = _button("Card", "open_card")
        self._remove = _button("Remove ...", "remove_model")
        self._add_file = _button("Add file ...", "add_file")
        self._add_folder = _button("Add folder ...", "add_folder")
        self._default.setToolTip("Let the Segment panel offer this model first")
        self._facts = QWidget()
        self._lay_out()
        self.table.row_chosen.connect(self._on_chosen)
        self._default.clicked.connect(lambda: self._tell(self.default_clicked))
        self._card.clicked.connect(lambda: self._tell(self.card_clicked))
        self._remove.clicked.connect(lambda: self._tell(self.remove_clicked))
        self._add_file.clicked.connect(lambda: self.add_clicked.emit(False))
        self._add_folder.clicked.connect(lambda: self.add_clicked.emit(True))
        self._on_chosen(None)

    def show_rows(self, rows: Sequence[ModelRow], choose: Path | None = None) -> None:
        """Show these models, of which none is verified yet."""
        self._unverified.clear()
        self.table.show_rows(rows, choose)

    def show_verified(self, why: Mapping[Path, str]) -> None:
        """Show of some folders whether the weights are what they should be, and why not."""
        self._unverified.update(why)
        self.table.show_verified(why)
        self._on_chosen(self.table.chosen)

    def set_busy(self, on: bool) -> None:
        """Let nothing be changed while something is being changed."""
        self._busy = on
        for widget in (self._add_file, self._add_folder, self.folders):
            widget.setEnabled(not on)
        self._enable(self.table.chosen)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.table)
        layout.addLayout(_beside(self._default, self._card, self._remove))
        layout.addWidget(self._facts)
        hint = QLabel(HINT)
        hint.setWordWrap(True)
        layout.addWidget(hint)
        layout.addLayout(_beside(self._add_file, self._add_folder))
        layout.addWidget(self.message)
        fold = Fold("Folders ...")
        fold.setObjectName("folders")
        fold.setDuration(0)
        fold.addWidget(self.folders)
        layout.addWidget(fold)

    def _on_chosen(self, row: ModelRow | None) -> None:
        new = QWidget()
        form = QFormLayout(new)
        form.setContentsMargins(0, 0, 0, 0)
        shown = facts(row) if row is not None else ()
        if row is not None and not row.broken:
            shown = (*shown, ("Weights", self._weights(row)))
        for name, words in shown:
            label = QLabel(words)
            label.setObjectName(f"fact_{name.lower()}")
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            form.addRow(name, label)
        layout = self.layout()
        assert layout is not None
        layout.replaceWidget(self._facts, new)
        self._facts.setParent(None)  # deleted later; gone from view and search now
        self._facts.deleteLater()
        self._facts = new
        self._enable(row)

    def _weights(self, row: ModelRow) -> str:
        if row.path not in self._unverified:
            return "being checked against the sha256 in model.json ..."
        return self._unverified[row.path] or "verified: the sha256 is the one in model.json"

    def _enable(self, row: ModelRow | None) -> None:
        free = row is not None and not self._busy
        usable = free and row is not None and row.segments and row.trained and not row.default
        self._default.setEnabled(usable)
        self._remove.setEnabled(free and row is not None and row.removable)
        self._card.setEnabled(row is not None and not row.broken)

    def _tell(self, signal: Signal) -> None:
        if self.table.chosen is not None:
            signal.emit(self.table.chosen)


def _button(words: str, name: str) -> QPushButton:
    button = QPushButton(words)
    button.setObjectName(name)
    return button


def _beside(*widgets: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    for widget in widgets:
        line.addWidget(widget)
    return line
