"""Four boxes: which open layer is T1, T1ce, T2, FLAIR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_acs.imaging import TITLES

if TYPE_CHECKING:
    from napari.layers import Layer

NONE = "none"
_LABEL_WIDTH = 54


def align_labels(form: Container[Any]) -> None:
    """Give the labels of a form one width, and its boxes the rest (napari's font is its own)."""
    for label in form.native.findChildren(QLabel):
        label.setFixedWidth(_LABEL_WIDTH)


class SequenceForm(QWidget):
    """Shows choices and tells of the user's; holds no rule about what may be chosen.

    Signal: ``chosen(str, Layer or None)``, sequence and layer, for a change by the user only.
    """

    chosen = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes = {
            sequence: ComboBox(
                name=sequence,
                label=title,
                choices=[(NONE, None)],
                tooltip=f"The open image layer that holds {title}, or '{NONE}'",
            )
            for sequence, title in TITLES.items()
        }
        form = Container(widgets=list(self._boxes.values()), labels=True)
        form.margins = (0, 0, 0, 0)
        for sequence, box in self._boxes.items():
            box.native.setObjectName(f"sequence_{sequence}")
            box.native.setMinimumWidth(80)
            box.changed.connect(lambda layer, which=sequence: self.chosen.emit(which, layer))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(form.native)
        self._form = form  # the container owns the boxes
        align_labels(form)

    def show_choices(self, layers: Sequence[Layer], selected: Mapping[str, Layer | None]) -> None:
        """Offer these layers, and show which of them is chosen for each sequence."""
        choices = [(NONE, None), *((layer.name, layer) for layer in layers)]
        for sequence, box in self._boxes.items():
            with box.changed.blocked():
                box.choices = choices
                box.value = selected.get(sequence)

    def selected(self) -> dict[str, Layer | None]:
        """Return what the boxes show."""
        return {sequence: box.value for sequence, box in self._boxes.items()}
