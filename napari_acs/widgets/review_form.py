"""The questions of a session, as its form says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from napari_acs.review.session.form import Choice, Form, FormField, MultiChoice, Number, YesNo

_LINE_PX = 20
_ALL = 2**31 - 1


@dataclass(frozen=True)
class _Asked:
    """One question: its widget, how it is read, and how an answer is put into it."""

    widget: QWidget
    read: Callable[[], Any]
    put: Callable[[Any], None]


class ReviewForm(QWidget):
    """One widget a field.

    Signals: ``changed()``, when the user has answered something; ``typed()`` while they type it.
    What was typed is given as it is: the session's form checks it, and says what is wrong.
    """

    changed = Signal()
    typed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._form = Form()
        self._asked: dict[str, _Asked] = {}
        self._filling = False

    @property
    def answers(self) -> dict[str, Any]:
        """What is answered, by field; a number that is none stays the text that was typed."""
        return {name: asked.read() for name, asked in self._asked.items()}

    def show_form(self, form: Form) -> None:
        """Ask these questions."""
        if form == self._form:
            return
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self._form, self._asked = form, {}
        for field in form.fields:
            asked = self._asked[field.name] = _ask(field, self._on_change, self._on_typing)
            asked.widget.setObjectName(f"form_{field.name}")
            asked.widget.setToolTip(field.help)
            self._layout.addRow(_label(field), asked.widget)

    def show_answers(self, answers: Mapping[str, Any]) -> None:
        """Fill in what was answered before."""
        self._filling = True
        for name, asked in self._asked.items():
            asked.put(answers.get(name))
        self._filling = False

    def _on_change(self, *_: Any) -> None:
        if not self._filling:
            self.changed.emit()

    def _on_typing(self, *_: Any) -> None:
        if not self._filling:
            self.typed.emit()


def _label(field: FormField) -> QLabel:
    """Return a label that shows the title as it is: no tag is obeyed, and ``&`` is no shortcut."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(_title(field))
    return label


def _title(field: FormField) -> str:
    unit = f" ({field.unit})" if isinstance(field, Number) and field.unit else ""
    return f"{field.title}{unit}{' *' if field.required else ''}"


def _ask(field: FormField, changed: Callable[..., None], typing: Callable[..., None]) -> _Asked:
    if isinstance(field, Choice):
        return _one_of({option: option for option in field.options}, changed)
    if isinstance(field, YesNo):
        return _one_of({"yes": True, "no": False}, changed)
    if isinstance(field, MultiChoice):
        return _any_of(field.options, changed)
    line = QLineEdit()
    line.setMaxLength(_ALL)  # what is too long is said; Qt would cut it
    line.editingFinished.connect(changed)
    line.textChanged.connect(typing)
    if isinstance(field, Number):
        return _Asked(line, lambda: _number(line.text()), lambda v: line.setText(_typed(v)))
    return _Asked(line, line.text, lambda value: line.setText(value or ""))


def _one_of(options: Mapping[str, Any], changed: Callable[..., None]) -> _Asked:
    box = QComboBox()
    box.addItem("", None)
    for title, value in options.items():
        box.addItem(title, value)
    box.currentIndexChanged.connect(changed)

    def put(value: Any) -> None:
        values = list(options.values())
        box.setCurrentIndex(values.index(value) + 1 if value in values else 0)

    return _Asked(box, box.currentData, put)


def _any_of(options: list[str], changed: Callable[..., None]) -> _Asked:
    box = QListWidget()
    box.setMaximumHeight(_LINE_PX * (len(options) + 1))
    items = [QListWidgetItem(option, box) for option in options]
    for item in items:
        item.setCheckState(Qt.CheckState.Unchecked)
    box.itemChanged.connect(changed)

    def read() -> list[str]:
        return [item.text() for item in items if item.checkState() == Qt.CheckState.Checked]

    def put(value: Any) -> None:
        for item in items:
            there = item.text() in (value or ())
            item.setCheckState(Qt.CheckState.Checked if there else Qt.CheckState.Unchecked)

    return _Asked(box, read, put)


def _number(text: str) -> Any:
    try:
        return float(text.replace(",", ".")) if text.strip() else None
    except ValueError:
        return text


def _typed(value: Any) -> str:
    # All its digits: an answer that is shown is written again when its case is left.
    return "" if value is None else repr(float(value)).removesuffix(".0")
