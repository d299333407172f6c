"""Small parts of a region: listed before they are removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_acs.widgets.decimals import DecimalBox
from napari_acs.widgets.wrapped import Wrapped

if TYPE_CHECKING:
    from napari_acs.review.correct import Island

_MOST_LISTED = 200


class CorrectIslands(QWidget):
    """Signals: ``find_clicked(ml)``, ``remove_clicked()``, ``chosen(Island)``."""

    find_clicked = Signal(float)
    remove_clicked = Signal()
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._under = DecimalBox()
        self._under.setObjectName("under_ml")
        self._under.setDecimals(3)
        self._under.setRange(0.001, 1000.0)
        self._under.setSingleStep(0.05)
        self._under.setValue(0.1)
        self._under.setSuffix(" ml")
        self._under.valueChanged.connect(lambda *_: self.forget())
        self._find = QPushButton("List parts under")
        self._find.setObjectName("find_islands")
        self._find.clicked.connect(lambda *_: self.find_clicked.emit(self._under.value()))
        self._count = Wrapped()
        self._count.setObjectName("island_count")
        self._list = QListWidget()
        self._list.setObjectName("islands")
        self._list.setMaximumHeight(110)
        self._list.itemClicked.connect(self._on_item)
        self._list.itemActivated.connect(self._on_item)
        self._remove = QPushButton("Remove them")
        self._remove.setObjectName("remove_islands")
        self._remove.clicked.connect(lambda *_: self.remove_clicked.emit())
        row = QHBoxLayout()
        row.addWidget(self._find)
        row.addWidget(self._under)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        for part in (self._count, self._list, self._remove):
            layout.addWidget(part)
        self.forget()

    @property
    def under_ml(self) -> float:
        """Parts under this volume are asked for."""
        return self._under.value()

    def show_islands(self, region: str, islands: Sequence[Island]) -> None:
        """List the parts that would go."""
        self._list.clear()
        total = sum(island.ml for island in islands)
        noun = "part" if len(islands) == 1 else "parts"
        self._count.setText(
            f"{region}: {len(islands)} {noun}, {total:.2f} ml in all"
            if islands
            else f"{region} has no part that small."
        )
        for island in islands[:_MOST_LISTED]:
            item = QListWidgetItem(f"{island.ml:.3f} ml, {island.voxels} voxels")
            item.setData(Qt.ItemDataRole.UserRole, island)
            item.setToolTip("Click to go there")
            self._list.addItem(item)
        if len(islands) > _MOST_LISTED:
            self._list.addItem(f"... and {len(islands) - _MOST_LISTED} smaller ones")
        self._show(bool(islands))
        self._count.setVisible(True)

    def forget(self) -> None:
        """Take the list away: it is no longer about what would be removed."""
        self._list.clear()
        self._count.clear()
        self._show(False)

    def _show(self, on: bool) -> None:
        self._list.setVisible(on)
        self._count.setVisible(on)
        self._remove.setEnabled(on)

    def _on_item(self, item: QListWidgetItem) -> None:
        island = item.data(Qt.ItemDataRole.UserRole)
        if island is not None:
            self.chosen.emit(island)
