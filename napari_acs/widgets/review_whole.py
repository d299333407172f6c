"""What is done with the whole session: bulk acceptance with its audit, verification, exports."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFormLayout,
    QGroupBox,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_acs.review.session.audit import audit_report, audit_sentence, confident_items
from napari_acs.review.session.state import SessionState
from napari_acs.widgets.decimals import DecimalBox


class ReviewWhole(QGroupBox):
    """Buttons about the whole session.

    Signals: ``bulk(float)``, the most uncertainty; ``audit(int, int)``, how many and the seed;
    ``verify()``, ``export()``, ``training()``.
    """

    bulk = Signal(float)
    audit = Signal(int, int)
    verify = Signal()
    export = Signal()
    training = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The whole session", parent)
        self._state = SessionState()
        self.most = DecimalBox()
        self.most.setObjectName("most")
        self.most.setDecimals(3)
        self.most.setRange(0.0, 1e6)
        self.most.setSingleStep(0.01)
        self.most.setValue(0.1)
        self.most.valueChanged.connect(lambda *_: self._count())
        self._bulk = _button("bulk", lambda: self.bulk.emit(self.most.value()))
        self.sample = QSpinBox()
        self.sample.setObjectName("sample")
        self.sample.setRange(1, 100_000)
        self.seed = QSpinBox()
        self.seed.setObjectName("seed")
        self.seed.setRange(0, 2**31 - 1)
        self._audit = _button(
            "audit", lambda: self.audit.emit(self.sample.value(), self.seed.value())
        )
        self._audit.setText("Draw an audit sample")
        self.audited = QLabel()
        self.audited.setObjectName("audited")
        self.audited.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Uncertainty at most", self.most)
        form.addRow(self._bulk)
        form.addRow("Sample of", self.sample)
        form.addRow("Seed", self.seed)
        form.addRow(self._audit)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.audited)
        for name, title, signal in (
            ("verify", "Verify the file", self.verify),
            ("export", "Export reads (CSV, JSON) ...", self.export),
            ("training", "Export a training set ...", self.training),
        ):
            button = _button(name, signal.emit)
            button.setText(title)
            layout.addWidget(button)

    def show_state(self, state: SessionState) -> None:
        """Show how many could be accepted, and how the audit stands."""
        self._state = state
        self._count()
        bulk = [i for i in state.items.values() if i.decided is not None and i.decided.bulk]
        self._audit.setEnabled(any(not item.audited for item in bulk))
        self.audited.setText(audit_sentence(audit_report(state)) if state.audits else "")
        self.audited.setVisible(bool(state.audits))

    def _count(self) -> None:
        count = len(confident_items(self._state, self.most.value()))
        self._bulk.setText(f"Accept {count} confident case(s) ...")
        self._bulk.setEnabled(count > 0)


def _button(name: str, clicked: Callable[[], object]) -> QPushButton:
    button = QPushButton()
    button.setObjectName(name)
    button.clicked.connect(lambda *_: clicked())
    return button
