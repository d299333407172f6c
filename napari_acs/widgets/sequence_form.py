"""Four boxes: which open layer is T1, T1ce, T2, FLAIR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from napari_acs.imaging import TITLES

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_acs.imaging.identify.guess import SequenceGuess

NONE = "none"
_LABEL_WIDTH = 54
_UNSURE = 0.6


def align_labels(form: Container[Any]) -> None:
    """Give the labels of a form one width, and its boxes the rest (napari's font is its own)."""
    for label in form.native.findChildren(QLabel):
        label.setFixedWidth(_LABEL_WIDTH)


class _LayerOrNone(ComboBox):
    """A box whose first choice is none; magicgui tells of None only where it is nullable."""

    null_string = NONE

    def __init__(self, **options: Any) -> None:
        super().__init__(nullable=True, **options)


class SequenceForm(QWidget):
    """Shows choices, how sure they are, and tells of the user's; knows no rule of its own.

    Signal: ``chosen(str, Layer or None)``, sequence and layer, for a change by the user only.
    """

    chosen = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes = {
            sequence: _LayerOrNone(
                name=sequence,
                tooltip=f"The open image layer that holds {title}, or '{NONE}'",
            )
            for sequence, title in TITLES.items()
        }
        self._sure: dict[str, QLabel] = {}
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setColumnStretch(1, 1)
        for row, (sequence, box) in enumerate(self._boxes.items()):
            box.native.setObjectName(f"sequence_{sequence}")
            box.native.setMinimumWidth(80)
            box.changed.connect(lambda layer, which=sequence: self.chosen.emit(which, layer))
            label = QLabel(TITLES[sequence])
            label.setFixedWidth(_LABEL_WIDTH)
            self._sure[sequence] = sure = QLabel()
            sure.setObjectName(f"sure_{sequence}")
            sure.setFixedWidth(42)
            for column, widget in enumerate((label, box.native, sure)):
                layout.addWidget(widget, row, column)

    def show_choices(self, layers: Sequence[Layer], selected: Mapping[str, Layer | None]) -> None:
        """Offer these layers, and show which of them is chosen for each sequence."""
        choices = [(layer.name, layer) for layer in layers]
        for sequence, box in self._boxes.items():
            with box.changed.blocked():
                box.choices = choices
                box.value = selected.get(sequence)

    def show_guesses(self, guesses: Mapping[str, SequenceGuess]) -> None:
        """Show beside each box how sure its choice is; why, as a tooltip."""
        for sequence, label in self._sure.items():
            guess = guesses.get(sequence)
            label.setText("" if guess is None else f"{guess.confidence:.0%}")
            label.setToolTip("" if guess is None else f"{TITLES[sequence]}: {guess.reason}")
            colour = "#d29922" if guess is not None and guess.confidence < _UNSURE else ""
            label.setStyleSheet(f"color: {colour}" if colour else "")

    def selected(self) -> dict[str, Layer | None]:
        """Return what the boxes show."""
        return {sequence: box.value for sequence, box in self._boxes.items()}
