"""A part of a panel that folds, and grows with what is in it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent
from superqt import QCollapsible

_UNLIMITED = (1 << 24) - 1  # Qt's QWIDGETSIZE_MAX
_CHANGES = (QEvent.Type.Resize, QEvent.Type.LayoutRequest)


class Fold(QCollapsible):
    """superqt's fold, which holds its content to the height that it had when that was unfolded.

    A text that became longer since was pressed together with its neighbours.
    """

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 (Qt's name)
        """Let an unfolded content be as high as it asks to be; superqt limits it anew here."""
        if event.type() in _CHANGES and self.isExpanded():
            self.content().setMaximumHeight(_UNLIMITED)
        return False
