"""Buttons of tools that work on a whole region, and the lengths that they ask for."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from napari_acs.widgets.decimals import DecimalBox

_ROWS = (
    (
        ("fill_slice", "Fill holes (2D)", "Every slice along this view by itself"),
        ("fill_3d", "Fill holes (3D)", "Only what is enclosed on all sides"),
    ),
    (
        ("copy_previous", "Copy to previous", "The labels of this slice replace it"),
        ("copy_next", "Copy to next", "The labels of this slice replace it"),
    ),
    (
        ("between", "Interpolate slices", "The region, in slices between those that have it"),
        ("keep_largest", "Keep the largest", "All other parts of the region go"),
    ),
)
_LENGTHS = (
    ("smooth", "Smooth", 1.0, "Straight outlines stay; details smaller than this go"),
    ("grow", "Grow", 1.0, "True mm in every direction"),
    ("shrink", "Shrink", 1.0, "True mm in every direction"),
)


class CorrectTools(QWidget):
    """Signal: ``asked(tool, mm)``; mm is 0 where the tool asks for none."""

    asked = Signal(str, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout()
        for i, row in enumerate(_ROWS):
            for j, (name, title, tip) in enumerate(row):
                grid.addWidget(self._button(name, title, tip), i, j)
        lengths = QGridLayout()
        for i, (name, title, mm, tip) in enumerate(_LENGTHS):
            box = DecimalBox()
            box.setObjectName(f"{name}_mm")
            box.setRange(0.1, 50.0)
            box.setSingleStep(0.5)
            box.setValue(mm)
            box.setSuffix(" mm")
            lengths.addWidget(self._button(name, title, tip, box), i, 0)
            lengths.addWidget(box, i, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(grid)
        layout.addLayout(lengths)

    def _button(
        self, name: str, title: str, tip: str, box: DecimalBox | None = None
    ) -> QPushButton:
        button = QPushButton(title)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.clicked.connect(
            lambda *_: self.asked.emit(name, 0.0 if box is None else box.value())
        )
        return button
