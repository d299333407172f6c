"""The pre-flight check as a short list: one line each, with a button where we can act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

if TYPE_CHECKING:
    from napari_acs.imaging.check.line import CheckLine

COLOURS = {"green": "#3fb950", "amber": "#d29922", "red": "#e5534b"}
_MARKS = {"green": "\N{CHECK MARK}", "amber": "!", "red": "\N{BALLOT X}"}  # not by colour alone
_BUTTONS = {"align": "Align", "strip": "Strip", "choose": ""}


class CheckList(QWidget):
    """Shows lines; green ones in a few words, the others with what was found and what to do.

    Signal: ``acted(str)``, the action of the button that was clicked.
    """

    acted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self._buttons: list[QPushButton] = []
        self._enabled = True
        self.show_lines(())

    def show_lines(self, lines: Sequence[CheckLine], waiting: str = "") -> None:
        """Show a finished check, or a sentence while there is none."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)  # deleted later; gone from view and search now
                widget.deleteLater()
        self._buttons = []
        if not lines:
            self._grid.addWidget(_text(waiting or "Open a study to check it.", "check_wait"), 0, 1)
        for row, line in enumerate(lines):
            mark = _text(_MARKS[line.status], f"check_{line.topic}_mark")
            mark.setStyleSheet(f"color: {COLOURS[line.status]}; font-weight: bold")
            mark.setAccessibleName(line.status)
            mark.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
            text = _text(_words(line), f"check_{line.topic}")
            text.setToolTip(line.found)
            self._grid.addWidget(mark, row, 0)
            self._grid.addWidget(text, row, 1)
            if line.status != "green" and _BUTTONS.get(line.action):
                self._add_button(line, row)

    def set_enabled(self, on: bool) -> None:
        """Let the buttons be clicked, or not (while a job runs): those of later lines, too."""
        self._enabled = on
        for button in self._buttons:
            button.setEnabled(on)

    def _add_button(self, line: CheckLine, row: int) -> None:
        button = QPushButton(_BUTTONS[line.action])
        button.setObjectName(f"fix_{line.action}")
        button.setToolTip(line.do)
        button.setEnabled(self._enabled)
        button.clicked.connect(lambda *_, action=line.action: self.acted.emit(action))
        self._grid.addWidget(button, row, 2, Qt.AlignmentFlag.AlignTop)
        self._buttons.append(button)


def _words(line: CheckLine) -> str:
    if line.status == "green":
        return line.title
    parts = [f"{line.title}:" if line.found else f"{line.title}."]
    parts += [f"{part.rstrip('. ')}." for part in (line.found, line.do) if part]
    return " ".join(parts)


def _text(words: str, name: str) -> QLabel:
    label = QLabel(words)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return label
