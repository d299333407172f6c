"""One place in the panel for sentences: refusals, notes, what was done."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

_EDGE = {"refusal": "#e5534b", "note": "#d29922", "done": "#3fb950"}


class MessageBox(QLabel):
    """A wrapped, selectable text with a coloured edge; hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hide()

    def say(self, text: str, kind: str = "note") -> None:
        """Show a text; ``kind`` is ``"refusal"``, ``"note"`` or ``"done"``."""
        self.setText(text)
        self.setStyleSheet(
            f"border-left: 4px solid {_EDGE[kind]}; padding: 6px 8px; "
            "background: rgba(128, 128, 128, 40)"
        )
        self.setVisible(bool(text))

    def clear(self) -> None:
        """Take the text away."""
        super().clear()
        self.hide()
