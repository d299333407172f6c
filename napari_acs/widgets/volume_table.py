"""The volumes of a mask, one row a region or class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel, QWidget
from superqt import QElidingLabel

if TYPE_CHECKING:
    from napari_acs.models.spec import OutputSpec


@dataclass(frozen=True)
class VolumeRow:
    """One line of the table; ``color`` is None for a region that several classes make up."""

    title: str
    name: str
    ml: float
    color: str | None = None


def volume_rows(volumes: Mapping[int, float], output: OutputSpec) -> tuple[VolumeRow, ...]:
    """Return the nested regions, outermost first, then the classes that they are made of.

    Parameters
    ----------
    volumes : mapping of int to float
        Label value to millilitres. The BraTS number 4 counts as 3 where the model has no 4.
    output : OutputSpec
        Of the model that made the mask.
    """
    values = {c.value for c in output.labels}
    ml = {v: volumes.get(v, 0.0) for v in values}
    if 3 in values and 4 not in values:
        ml[3] += volumes.get(4, 0.0)
    labels = [region.label for region in output.regions]
    color = {c.value: c.color for c in output.labels}
    regions = [
        VolumeRow(
            region.title,
            region.name,
            sum(ml[label] for label in labels[i:]),
            color[region.label] if i == len(labels) - 1 else None,
        )
        for i, region in enumerate(output.regions)
    ]
    shown = {region.name for region in output.regions}
    classes = [
        VolumeRow(c.title, c.name, ml[c.value], c.color)
        for c in output.labels
        if c.name not in shown
    ]
    return (*regions, *classes)


class VolumeTable(QWidget):
    """Shows rows of title and millilitres, with the colour that a class has on the canvas."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self._rows: tuple[VolumeRow, ...] = ()
        self._values: list[QLabel] = []

    @property
    def rows(self) -> tuple[VolumeRow, ...]:
        """What is shown."""
        return self._rows

    def show_rows(self, rows: Sequence[VolumeRow]) -> None:
        """Show these rows; labels are reused, so that following a brush does not flicker."""
        if [(r.title, r.name, r.color) for r in rows] != [
            (r.title, r.name, r.color) for r in self._rows
        ]:
            self._rebuild(rows)
        for value, row in zip(self._values, rows, strict=True):
            value.setText(f"{row.ml:.2f} ml")
        self._rows = tuple(rows)

    def _rebuild(self, rows: Sequence[VolumeRow]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._values = []
        for i, row in enumerate(rows):
            swatch = QFrame()
            swatch.setFixedSize(12, 12)
            swatch.setStyleSheet(
                f"background: {row.color}; border-radius: 2px" if row.color else "background: none"
            )
            words = f"{row.name}: {row.title}"
            title = QElidingLabel(words)  # a wrapped one is squeezed where the panel is full
            title.setToolTip(words)
            value = QLabel()
            value.setObjectName(f"volume_{row.name}")
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(swatch, i, 0)
            self._grid.addWidget(title, i, 1)
            self._grid.addWidget(value, i, 2)
            self._values.append(value)
