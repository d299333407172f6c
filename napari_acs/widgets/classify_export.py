"""Copies a classification, or writes it to a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Slot
from qtpy.QtWidgets import QApplication, QFileDialog, QWidget

from napari_acs.errors import BadInput
from napari_acs.viewer.whole_file import write_whole
from napari_acs.widgets.classify_report import csv_of

if TYPE_CHECKING:
    from napari_acs.widgets.classify_panel import ClassifyPanel


def ask_file(parent: QWidget, suggestion: str) -> Path | None:
    """Ask where to export to."""
    name, _ = QFileDialog.getSaveFileName(parent, "Export the classification", suggestion)
    return Path(name) if name else None


class ClassifyExport(QObject):
    """Does what the card's buttons say.

    Attributes
    ----------
    record : dict or None
        What the card shows, JSON-ready.
    """

    def __init__(
        self,
        panel: ClassifyPanel,
        ask: Callable[[QWidget, str], Path | None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.record: dict[str, Any] | None = None
        self._panel, self._ask, self._window = panel, ask, parent
        panel.card.copy_clicked.connect(self._on_copy)
        panel.card.json_clicked.connect(self._on_json)
        panel.card.csv_clicked.connect(self._on_csv)

    @Slot()
    def _on_copy(self) -> None:
        board = QApplication.clipboard()
        if board is not None:
            board.setText(self._panel.card.text())

    @Slot()
    def _on_json(self) -> None:
        if self.record is not None:
            self._write("classification.json", json.dumps(self.record, indent=2) + "\n")

    @Slot()
    def _on_csv(self) -> None:
        if self.record is not None:
            self._write("classification.csv", csv_of(self.record))

    def _write(self, name: str, text: str) -> None:
        path = self._ask(self._window, name)
        if path is None:
            return
        try:
            write_whole(path, text)
        except BadInput as refusal:
            self._panel.message.say(refusal.sentence(), "refusal")
            return
        self._panel.message.say(f"Written: {path.name}", "done")
