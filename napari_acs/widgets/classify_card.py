"""The card of a classification. It emits signals, and knows neither layers nor files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_acs.widgets.classify_bars import Bar, Bars
from napari_acs.widgets.classify_report import RESEARCH, facts_of

if TYPE_CHECKING:
    from napari_acs.inference.classification import Classified
    from napari_acs.models.spec import ClassifierSpec

_AMBER = "border-left: 4px solid #d29922; padding: 4px 8px"


class ClassifyCard(QWidget):
    """Probabilities, what is named, how far to trust it, and the model's facts."""

    copy_clicked = Signal()
    json_clicked = Signal()
    csv_clicked = Signal()
    why_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars = Bars()
        self.occlusion = Bars(signed=True)
        self.study = _text("study")
        self.sentence = _text("sentence")
        self.moved = _text("moved")
        self.likely = _text("prediction_set")
        self.outlier = _text("outlier")
        self.notes = _text("notes")
        self.facts = _text("facts")
        self.research = _text("research")
        self.why_title = _text("why_title")
        self.why_notes = _text("why_notes")
        self._target = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.study, self.sentence, self.bars, self.moved, self.likely, self.outlier):
            layout.addWidget(part)
        layout.addWidget(self.notes)
        self.why = QPushButton("Show why")
        self.why.setObjectName("why")
        self.why.clicked.connect(lambda: self.why_clicked.emit(self._target))
        layout.addWidget(self.why)
        for part in (self.why_title, self.occlusion, self.why_notes, self.facts, self.research):
            layout.addWidget(part)
        row = QHBoxLayout()
        for title, name, signal in (
            ("Copy", "copy", self.copy_clicked),
            ("Export JSON", "json", self.json_clicked),
            ("Export CSV", "csv", self.csv_clicked),
        ):
            button = QPushButton(title)
            button.setObjectName(name)
            button.clicked.connect(lambda *_, tell=signal: tell.emit())
            row.addWidget(button)
        layout.addLayout(row)
        self.hide()

    def show_result(
        self, study: str, end: Classified, spec: ClassifierSpec, moved: str = ""
    ) -> None:
        """Show a study's result; ``moved`` says what an edit changed."""
        found = end.classification
        self.study.setText(f"Study: {study}")
        titles = {one.name: one.title for one in found.classes}
        self._target = (found.named or (max(titles, key=found.probabilities.__getitem__),))[0]
        self.sentence.setText(found.sentence())
        self.sentence.setStyleSheet("" if found.named else _AMBER)
        self.bars.show_bars(
            [
                Bar(titles[name], p, found.intervals.get(name), name in found.named)
                for name, p in found.probabilities.items()
            ]
        )
        _say(self.moved, moved)
        likely = ""
        if found.prediction_set is not None:
            names = ", ".join(titles[name] for name in found.prediction_set) or "none"
            cover = "" if found.coverage is None else f" (coverage {found.coverage:.0%})"
            likely = f"Cannot be ruled out{cover}: {names}"
        _say(self.likely, likely)
        far = found.outlier
        _say(self.outlier, far.reason if far is not None else "")
        self.outlier.setStyleSheet(_AMBER if far is not None and far.far else "")
        _say(self.notes, "\n".join(end.notes))
        self.facts.setText(facts_of(spec))
        self.research.setText(RESEARCH)
        self.show_occlusion("", ())
        self.show()

    def show_occlusion(self, target: str, rows: Sequence[Any], notes: Sequence[str] = ()) -> None:
        """Show how the probability of a class moves without each region and sequence."""
        _say(self.why_notes, "\n".join(notes))
        _say(self.why_title, f"How the probability of '{target}' changes:" if rows else "")
        self.occlusion.show_bars([Bar(r.title, float(r.change[target])) for r in rows])
        self.occlusion.setVisible(bool(rows))

    def text(self) -> str:
        """Return what the card says, to be copied."""
        parts = (self.sentence, self.moved, self.likely, self.outlier, self.notes, self.facts)
        return "\n".join([p.text() for p in (*parts, self.research) if p.text()])


def _text(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
