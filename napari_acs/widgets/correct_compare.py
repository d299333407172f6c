"""A mask against its prediction, and against another mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QGridLayout, QPushButton, QWidget

from napari_acs.widgets.scrolled import narrow
from napari_acs.widgets.wrapped import Wrapped

if TYPE_CHECKING:
    from napari.layers import Labels


class CorrectCompare(QWidget):
    """Signals: ``only_changed(bool)``, ``revert_clicked()``, ``compare_clicked()``."""

    only_changed = Signal(bool)
    revert_clicked = Signal()
    compare_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._others: list[Labels] = []
        self._against = Wrapped()
        self._against.setObjectName("against")
        self._only = QCheckBox("Show only what I changed")
        self._only.setObjectName("only_changed")
        self._only.toggled.connect(self.only_changed)
        revert = QPushButton("Revert everything")
        revert.setObjectName("revert_all")
        revert.setToolTip("The whole mask as it was before corrections; one step of undo")
        revert.clicked.connect(lambda *_: self.revert_clicked.emit())
        self._other = QComboBox()
        narrow(self._other)
        self._other.setObjectName("other_mask")
        compare = QPushButton("Compare with")
        compare.setObjectName("compare")
        compare.setToolTip("Adds a layer with the differences in colours")
        compare.clicked.connect(lambda *_: self.compare_clicked.emit())
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self._against, 0, 0, 1, 2)
        grid.addWidget(self._only, 1, 0, 1, 2)
        grid.addWidget(revert, 2, 0, 1, 2)
        grid.addWidget(compare, 3, 0)
        grid.addWidget(self._other, 3, 1)

    @property
    def other(self) -> Labels | None:
        """The mask to compare with."""
        index = self._other.currentIndex()
        return self._others[index] if 0 <= index < len(self._others) else None

    def show_others(self, masks: Sequence[Labels]) -> None:
        """Offer these masks; the chosen one stays while it is there."""
        before = self.other
        self._others = list(masks)
        self._other.clear()
        self._other.addItems([mask.name for mask in masks])
        places = [i for i, mask in enumerate(masks) if mask is before]
        self._other.setCurrentIndex(places[0] if places else 0)

    def show_against(self, text: str) -> None:
        """Say what counts as the prediction."""
        self._against.setText(text)

    def show_only(self, on: bool) -> None:
        """Show whether only changes are on screen; no signal is emitted."""
        before = self._only.blockSignals(True)
        self._only.setChecked(on)
        self._only.blockSignals(before)
