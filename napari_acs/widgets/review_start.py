"""Make a session, or open one: what the user says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_acs.review.session.place import SUFFIX
from napari_acs.review.session.plan import AI_CHOICES
from napari_acs.review.session.state import Ai

AI_TITLES = {
    "shown": "shown at once",
    "hidden": "hidden throughout",
    "after": "shown after a first read",
}
_FILES = f"Review sessions (*{SUFFIX})"


@dataclass(frozen=True)
class NewSession:
    """A session as the user asks for it; parts that are empty were not filled in."""

    places: tuple[Path, ...]
    rater: str
    form: Path | None
    file: Path | None
    ai: Ai
    repeats: float
    shuffled: bool
    seed: int


class ReviewStart(QWidget):
    """Both buttons, and the lines of a new session.

    Signals: ``open(Path)``, ``create(NewSession)``, ``cancel()`` of one that is being made.
    """

    open = Signal(object)
    create = Signal(object)
    cancel = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._open = QPushButton("Open session ...")
        self._open.setObjectName("open")
        self._open.clicked.connect(lambda *_: self._ask_open())
        self._new = QPushButton("New session ...")
        self._new.setObjectName("new")
        self._new.setCheckable(True)
        self.studies = _line("studies", "folder of studies, BIDS, CSV or DICOM")
        self.rater = _line("rater", "who reads")
        self.form = _line("form", "questions (YAML), or empty")
        self.file = _line("file", f"where to: NAME{SUFFIX}")
        self.ai = QComboBox()
        self.ai.setObjectName("ai")
        for choice in AI_CHOICES:
            self.ai.addItem(AI_TITLES[choice], choice)
        self.ai.setCurrentIndex(AI_CHOICES.index("shown"))
        self.repeats = QSpinBox()
        self.repeats.setObjectName("repeats")
        self.repeats.setRange(0, 100)
        self.repeats.setSuffix(" % of the cases")
        self.shuffled = QCheckBox("draw the order")
        self.seed = QSpinBox()
        self.seed.setRange(0, 2**31 - 1)
        self._create = QPushButton("Make the session")
        self._create.setObjectName("create")
        self._create.clicked.connect(lambda *_: self.create.emit(self.asked))
        self._cancel = QPushButton("Cancel")
        self._cancel.setObjectName("cancel")
        self._cancel.clicked.connect(lambda *_: self._stop())
        self._cancel.hide()
        self._lines = self._form_lines()
        self._lines.hide()
        self._new.toggled.connect(self._lines.setVisible)
        row = QHBoxLayout()
        row.addWidget(self._new)
        row.addWidget(self._open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self._lines)
        layout.addWidget(self._cancel)

    @property
    def asked(self) -> NewSession:
        """What is filled in; several places are parted by semicolons."""
        places = tuple(Path(p.strip()) for p in self.studies.text().split(";") if p.strip())
        return NewSession(
            places,
            self.rater.text().strip(),
            _path(self.form),
            _path(self.file),
            self.ai.currentData(),
            self.repeats.value() / 100,
            self.shuffled.isChecked(),
            self.seed.value(),
        )

    def fold(self) -> None:
        """Hide the lines of a new session."""
        self._new.setChecked(False)

    def show_busy(self, busy: bool) -> None:
        """Let nobody start twice."""
        for button in (self._open, self._new, self._create):
            button.setEnabled(not busy)

    def show_making(self, making: bool) -> None:
        """Offer to cancel while a session is being made."""
        self._create.setText("Making the session ..." if making else "Make the session")
        self._cancel.setEnabled(True)
        self._cancel.setVisible(making)

    def _stop(self) -> None:
        self._cancel.setEnabled(False)
        self.cancel.emit()

    def _form_lines(self) -> QWidget:
        lines = QWidget()
        form = QFormLayout(lines)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(
            "Studies", _with(self.studies, ("Folder", self._ask_folder), ("CSV", self._ask_csv))
        )
        form.addRow("Rater", self.rater)
        form.addRow("Form", _with(self.form, ("...", self._ask_form)))
        form.addRow("File", _with(self.file, ("...", self._ask_file)))
        form.addRow("Masks of others", self.ai)
        form.addRow("Read twice", self.repeats)
        form.addRow("Order", self.shuffled)
        form.addRow("Seed", self.seed)
        form.addRow(self._create)
        return lines

    def _ask_open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a review session", "", _FILES)
        if name:
            self.open.emit(Path(name))

    def _ask_folder(self) -> None:
        _put(self.studies, QFileDialog.getExistingDirectory(self, "Folder of studies"))

    def _ask_csv(self) -> None:
        _put(self.studies, QFileDialog.getOpenFileName(self, "Table of studies", "", "*.csv")[0])

    def _ask_form(self) -> None:
        _put(self.form, QFileDialog.getOpenFileName(self, "Form", "", "*.yaml *.yml")[0])

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Where the session goes", "", _FILES)
        _put(self.file, name if not name or name.endswith(SUFFIX) else name + SUFFIX)


def _line(name: str, hint: str) -> QLineEdit:
    line = QLineEdit()
    line.setObjectName(name)
    line.setPlaceholderText(hint)
    return line


def _with(line: QLineEdit, *buttons: tuple[str, Callable[[], None]]) -> QWidget:
    whole = QWidget()
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(line, 1)
    for title, clicked in buttons:
        button = QPushButton(title)
        button.clicked.connect(lambda *_, clicked=clicked: clicked())
        row.addWidget(button)
    return whole


def _path(line: QLineEdit) -> Path | None:
    return Path(line.text().strip()).expanduser() if line.text().strip() else None


def _put(line: QLineEdit, said: str) -> None:
    if said:
        line.setText(said)
