"""What is shown of a tumour's measures. It emits signals, and knows no viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_acs.widgets.measure_table import MeasureTable
from napari_acs.widgets.wrapped import Wrapped

if TYPE_CHECKING:
    from napari_acs.review.measure.measures import Measures

_BUTTONS = (
    ("copy_measures", "Copy", "As text, with tabs"),
    ("json_measures", "JSON ...", "Everything that was measured; names no patient"),
    ("csv_measures", "CSV ...", "One line a region; names no patient"),
)


class MeasurePanel(QWidget):
    """Table, diameters, edit cost, and buttons.

    Signals: ``draw_clicked(region)``; ``copy_clicked()``, ``json_clicked()``, ``csv_clicked()``.
    """

    draw_clicked = Signal(str)
    copy_clicked = Signal()
    json_clicked = Signal()
    csv_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = MeasureTable()
        self.state = _words("measure_state")
        self.by_hand = _words("by_hand")
        self.cost = _words("cost")
        self._region = QComboBox()
        self._region.setObjectName("diameter_region")
        self._region.addItems(["WT", "TC", "ET"])
        self._region.setCurrentText("ET")
        draw = QPushButton("Draw diameters of")
        draw.setObjectName("draw_diameters")
        draw.setToolTip("Two lines in the slice of the largest lesion; drag their ends")
        draw.clicked.connect(lambda *_: self.draw_clicked.emit(self._region.currentText()))
        grid = QGridLayout()
        grid.addWidget(draw, 0, 0, 1, 2)
        grid.addWidget(self._region, 0, 2)
        signals = (self.copy_clicked, self.json_clicked, self.csv_clicked)
        for place, ((name, title, tip), signal) in enumerate(zip(_BUTTONS, signals, strict=True)):
            button = QPushButton(title)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.clicked.connect(lambda *_, signal=signal: signal.emit())
            grid.addWidget(button, 1, place)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.table, self.state, self.by_hand):
            layout.addWidget(part)
        layout.addLayout(grid)
        layout.addWidget(self.cost)

    def show_measures(self, measures: Measures | None, state: str = "") -> None:
        """Show measures, and a line on them."""
        self.table.show_measures(measures)
        say(self.state, state)

    def show_by_hand(self, text: str) -> None:
        """Say what the lines that the user moved measure, or nothing."""
        say(self.by_hand, text)


def say(label: QLabel, text: str) -> None:
    """Show a text, or hide the label."""
    label.setText(text)
    label.setVisible(bool(text))


def _words(name: str) -> QLabel:
    label = Wrapped()
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.hide()
    return label
