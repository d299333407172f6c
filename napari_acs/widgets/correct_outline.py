"""What can be done with an outline that is drawn in a view."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QGridLayout, QPushButton, QVBoxLayout, QWidget
from superqt import QLabeledRangeSlider

_BUTTONS = (
    ("draw_outline", "Draw outline", "Draw a polygon on the image; a double click ends it"),
    ("fill_outline", "Paint inside", "The region is painted inside the outline"),
    ("cut_inside", "Cut inside", "The region is erased inside the outline"),
    ("cut_outside", "Cut outside", "The region is erased outside, in the same slices"),
    ("revert_box", "Revert its box", "As predicted again in the box around the outline"),
)


class CorrectOutline(QWidget):
    """Signal: ``asked(str)``, the name of the button."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout()
        for place, (name, title, tip) in enumerate(_BUTTONS):
            button = QPushButton(title)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.clicked.connect(lambda *_, name=name: self.asked.emit(name))
            grid.addWidget(button, place // 2, place % 2)
        self._here = QCheckBox("This slice only")
        self._here.setObjectName("this_slice")
        self._here.setChecked(True)
        self._depth = QLabeledRangeSlider(Qt.Orientation.Horizontal)
        self._depth.setObjectName("depth")
        self._here.toggled.connect(self._depth.setDisabled)
        self._depth.setDisabled(True)
        form = QFormLayout()
        form.addRow("Slices", self._here)
        form.addRow("from, to", self._depth)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(grid)
        layout.addLayout(form)

    def show_slices(self, count: int) -> None:
        """Offer slices 0 to ``count`` - 1, all of them at first."""
        if count > 0 and (self._depth.minimum(), self._depth.maximum()) != (0, count - 1):
            self._depth.setRange(0, count - 1)
            self._depth.setValue((0, count - 1))

    def depth_at(self, index: int) -> tuple[int, int]:
        """Return the first slice, and the one after the last."""
        if self._here.isChecked():
            return index, index + 1
        low, high = self._depth.value()
        return int(low), int(high) + 1
