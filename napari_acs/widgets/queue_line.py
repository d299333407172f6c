"""One line below the progress bar: which studies wait to be segmented, and a way to drop them."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget


class QueueLine(QWidget):
    """Hidden while nothing waits. Signal: ``drop_clicked()``."""

    drop_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel()
        self._text.setObjectName("waiting")
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._drop = QPushButton("Drop waiting")
        self._drop.setObjectName("drop_waiting")
        self._drop.setToolTip("What waits is forgotten; what runs goes on")
        self._drop.clicked.connect(lambda *_: self.drop_clicked.emit())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._drop)
        self.hide()

    def show_studies(self, studies: Sequence[str]) -> None:
        """Show how many wait, and their names, the next one first."""
        self._text.setText(f"{len(studies)} waiting: {', '.join(studies)}" if studies else "")
        self.setVisible(bool(studies))
