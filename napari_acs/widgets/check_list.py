"""The pre-flight check as a short list: what needs a look first, with a button where we can act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from napari_acs.imaging.check.line import CheckLine

COLOURS = {"green": "#3fb950", "amber": "#d29922", "red": "#e5534b"}
_MARKS = {"green": "\N{CHECK MARK}", "amber": "!", "red": "\N{BALLOT X}"}  # not by colour alone
_BUTTONS = {"align": "Align", "strip": "Strip"}
_URGENCY = ("red", "amber")


class CheckList(QWidget):
    """Shows red lines, then amber ones, in full; the green ones in a few words, when asked to.

    Signal: ``acted(str)``, the action of the button that was clicked.
    """

    acted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._passed = QToolButton()
        self._passed.setObjectName("check_passed")
        self._passed.setCheckable(True)
        self._passed.setAutoRaise(True)
        self._passed.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._passed.setStyleSheet(f"color: {COLOURS['green']}")
        self._passed.toggled.connect(self._show_passed)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(3)
        self._open, self._green = QWidget(), QWidget()
        for part in (self._open, self._passed, self._green):
            self._layout.addWidget(part)
        self._buttons: list[QPushButton] = []
        self._enabled = True
        self.show_lines(())

    def show_lines(self, lines: Sequence[CheckLine], waiting: str = "") -> None:
        """Show a finished check, or a sentence while there is none."""
        open_ = [line for status in _URGENCY for line in lines if line.status == status]
        green = [line for line in lines if line.status == "green"]
        self._buttons = []
        if not lines:
            wait = _text(waiting or "Open a study to check it.", "check_wait")
            self._open = self._replace(self._open, _rows([(wait,)]))
            self._green = self._replace(self._green, QWidget())
        else:
            self._open = self._replace(self._open, _rows([self._row(line) for line in open_]))
            self._green = self._replace(self._green, _rows([self._row(line) for line in green]))
        self._passed.setVisible(bool(green))
        count = f"{len(green)} checks passed" if len(green) != 1 else "1 check passed"
        self._passed.setText(f"{_MARKS['green']} {'All ' if not open_ else ''}{count}")
        self._show_passed(self._passed.isChecked())

    def set_enabled(self, on: bool) -> None:
        """Let the buttons be clicked, or not (while a job runs): those of later lines, too."""
        self._enabled = on
        for button in self._buttons:
            button.setEnabled(on)

    def _show_passed(self, on: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow
        self._passed.setArrowType(arrow)
        self._green.setVisible(on)

    def _replace(self, old: QWidget, new: QWidget) -> QWidget:
        self._layout.replaceWidget(old, new)
        old.setParent(None)  # deleted later; gone from view and search now
        old.deleteLater()
        return new

    def _row(self, line: CheckLine) -> tuple[QWidget, ...]:
        mark = _text(_MARKS[line.status], f"check_{line.topic}_mark")
        mark.setStyleSheet(f"color: {COLOURS[line.status]}; font-weight: bold")
        mark.setAccessibleName(line.status)
        mark.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        text = _text(_words(line), f"check_{line.topic}")
        text.setToolTip(line.found)
        if line.status == "green" or line.action not in _BUTTONS:
            return mark, text
        button = QPushButton(_BUTTONS[line.action])
        button.setObjectName(f"fix_{line.action}")
        button.setToolTip(line.do)
        button.setEnabled(self._enabled)
        button.clicked.connect(lambda *_, action=line.action: self.acted.emit(action))
        self._buttons.append(button)
        return mark, text, button


def _rows(rows: Sequence[Sequence[QWidget]]) -> QWidget:
    whole = QWidget()
    grid = QGridLayout(whole)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(6)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    for number, row in enumerate(rows):
        first = 0 if len(row) > 1 else 1  # a lone sentence needs no mark
        for column, widget in enumerate(row, start=first):
            grid.addWidget(widget, number, column, Qt.AlignmentFlag.AlignTop)
    return whole


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
