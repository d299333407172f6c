"""A text of several lines that asks for the height that it needs where it stands."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QLabel, QWidget


class Wrapped(QLabel):
    """A label that wraps its words.

    QLabel proposes the height of a wider label than a dock gives it. A fold takes that for the
    height of what is in it: long texts pressed the measures' last rows under the buttons.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setWordWrap(True)
        self._width = self.width()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return the size that Qt proposes, as high as the text is at the width it has."""
        return self._high(super().sizeHint())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Return the least size that Qt proposes, as high as the text is."""
        return self._high(super().minimumSizeHint())

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Ask for another height where the width is another."""
        super().resizeEvent(event)
        if self.width() != self._width:
            self._width = self.width()
            self.updateGeometry()

    def _high(self, size: QSize) -> QSize:
        return QSize(size.width(), self.heightForWidth(self.width())) if self.text() else size
