"""Small bar charts, painted: probabilities with intervals, and changes by occlusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QWidget

_TITLE, _LINE, _VALUE, _GAP = 18, 20, 48, 6
_ROW = _TITLE + _LINE  # a title above its bar: titles of classes are long


@dataclass(frozen=True)
class Bar:
    """One bar: its title, its value, and between which it lies; ``strong`` is coloured."""

    title: str
    value: float
    interval: tuple[float, float] | None = None
    strong: bool = True


class Bars(QWidget):
    """Draws bars on a scale from 0 to 1, or, where ``signed``, from -1 to 1 around a middle."""

    def __init__(self, *, signed: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._signed = signed
        self.bars: tuple[Bar, ...] = ()
        self.setMinimumWidth(240)

    def show_bars(self, bars: Sequence[Bar]) -> None:
        """Draw these."""
        self.bars = tuple(bars)
        self.setFixedHeight(_ROW * len(self.bars))
        self.setAccessibleName(", ".join(f"{b.title} {b.value:.2f}" for b in self.bars))
        self.setToolTip("\n".join(f"{b.title}: {b.value:.3f}" for b in self.bars))
        self.update()

    def paintEvent(self, event: Any) -> None:  # noqa: N802
        """Draw title, bar, interval and number of each row."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().text().color()
        left, width = 0, self.width() - _VALUE - _GAP
        zero = left + width / 2 if self._signed else left
        unit = width / 2 if self._signed else width
        for row, bar in enumerate(self.bars):
            top = row * _ROW + _TITLE
            painter.fillRect(QRectF(left, top + 5, width, _LINE - 10), QColor(128, 128, 128, 60))
            colour = QColor("#3f8fd0" if bar.strong else "#888888")
            if bar.value < 0:
                colour = QColor("#d29922")
            end = zero + unit * max(-1.0, min(1.0, bar.value))
            painter.fillRect(QRectF(min(zero, end), top + 5, abs(end - zero), _LINE - 10), colour)
            painter.setPen(ink)
            if bar.interval is not None:
                low, high = (zero + unit * edge for edge in bar.interval)
                painter.fillRect(QRectF(low, top + _LINE / 2 - 1, high - low, 2), ink)
            text = painter.fontMetrics().elidedText(
                bar.title, Qt.TextElideMode.ElideRight, self.width()
            )
            painter.drawText(
                QRectF(0, top - _TITLE, self.width(), _TITLE),
                int(Qt.AlignmentFlag.AlignVCenter),
                text,
            )
            value = round(bar.value, 2) + 0.0  # no minus before a zero
            number = f"{value:+.2f}" if self._signed else f"{value:.2f}"
            painter.drawText(
                QRectF(self.width() - _VALUE, top, _VALUE, _LINE),
                int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight),
                number,
            )
        painter.end()
