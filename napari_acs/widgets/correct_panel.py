"""What the Correct panel shows. It emits signals, and knows no viewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_acs.widgets.correct_brush import CorrectBrush
from napari_acs.widgets.correct_compare import CorrectCompare
from napari_acs.widgets.correct_islands import CorrectIslands
from napari_acs.widgets.correct_outline import CorrectOutline
from napari_acs.widgets.correct_tools import CorrectTools
from napari_acs.widgets.fold import Fold
from napari_acs.widgets.measure_panel import MeasurePanel
from napari_acs.widgets.message_box import MessageBox
from napari_acs.widgets.scrolled import narrow

if TYPE_CHECKING:
    from napari.layers import Labels


class CorrectPanel(QWidget):
    """The mask; brush; message; tools, outline, prediction and measures, each in a fold.

    Signals: ``mask_chosen(Labels)``, ``undo_clicked()``, ``redo_clicked()``, ``stop_clicked()``.
    """

    mask_chosen = Signal(object)
    undo_clicked = Signal()
    redo_clicked = Signal()
    stop_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._masks: list[Labels] = []
        self.brush = CorrectBrush()
        self.tools = CorrectTools()
        self.islands = CorrectIslands()
        self.outline = CorrectOutline()
        self.compare = CorrectCompare()
        self.measures = MeasurePanel()
        self.message = MessageBox()
        self._mask = QComboBox()
        narrow(self._mask)
        self._mask.setObjectName("mask")
        self._mask.activated.connect(lambda i: self.mask_chosen.emit(self._masks[i]))
        form = QFormLayout()
        form.addRow("Mask", self._mask)
        row = QHBoxLayout()
        self._stop = _button("stop", "Stop", self.stop_clicked)
        self._stop.setEnabled(False)
        for button in (
            _button("undo", "Undo", self.undo_clicked),
            _button("redo", "Redo", self.redo_clicked),
            self._stop,
        ):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.brush)
        layout.addLayout(row)
        layout.addWidget(self.message)
        self.folds = {
            title: _fold(title, *parts)
            for title, parts in (
                ("Measures", (self.measures,)),
                ("Clean up", (self.tools, self.islands)),
                ("Outline", (self.outline,)),
                ("Prediction", (self.compare,)),
            )
        }
        for fold in self.folds.values():
            layout.addWidget(fold)
        layout.addStretch(1)
        self.folds["Measures"].expand(animate=False)

    def show_masks(self, masks: Sequence[Labels], chosen: Labels | None) -> None:
        """Offer these masks."""
        self._masks = list(masks)
        self._mask.clear()
        self._mask.addItems([mask.name for mask in masks])
        self._mask.setCurrentIndex(next((i for i, m in enumerate(masks) if m is chosen), -1))

    def show_working(self, on: bool) -> None:
        """Show whether a tool is at work."""
        self._stop.setEnabled(on)
        if on:
            self.message.say("Working ...")


def _button(name: str, title: str, signal: Signal) -> QPushButton:
    button = QPushButton(title)
    button.setObjectName(name)
    button.clicked.connect(lambda *_: signal.emit())
    return button


def _fold(title: str, *parts: QWidget) -> Fold:
    inside = QWidget()
    layout = QVBoxLayout(inside)
    layout.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        layout.addWidget(part)
    fold = Fold(title)
    fold.setObjectName(f"fold_{title.lower().replace(' ', '_')}")
    fold.addWidget(inside)
    fold.collapse(animate=False)
    return fold
