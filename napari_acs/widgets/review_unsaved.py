"""What the panel says while something of the open case is not saved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Slot

if TYPE_CHECKING:
    from napari_acs.viewer.review_desk import Saved
    from napari_acs.widgets.review_keeping import Keeping
    from napari_acs.widgets.review_panel import ReviewPanel

_NOT_SAVED = "NOT SAVED; it is tried again"


class SavedLine(QObject):
    """The line that says when the last edit came to the disk, or that it has not.

    Parameters
    ----------
    panel : ReviewPanel
    keeping : Keeping
    refuse : callable
        Says a sentence in the panel.
    parent : QObject
    """

    def __init__(
        self,
        panel: ReviewPanel,
        keeping: Keeping,
        refuse: Callable[[str], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._panel, self._keeping, self._refuse = panel, keeping, refuse
        self._why = ""
        keeping.unsaved.connect(self._on_unsaved)
        keeping.stayed.connect(self._on_stayed)
        keeping.relieved.connect(self._on_relieved)

    def show_saved(self, saved: Saved) -> str:
        """Show when an edit came to the disk, and return the time."""
        at = f"{datetime.now():%H:%M:%S}"
        self._panel.show_saved(saved, at)
        if self._keeping.trouble:  # of the rest
            self._panel.saved.setText(_NOT_SAVED)
        return at

    @Slot(str)
    def _on_unsaved(self, sentence: str) -> None:
        self._panel.saved.setText(_NOT_SAVED)
        self._on_stayed(sentence)

    @Slot(str)
    def _on_stayed(self, sentence: str) -> None:
        self._why = sentence
        self._refuse(sentence)

    @Slot()
    def _on_relieved(self) -> None:
        self._panel.saved.setText(f"saved {datetime.now():%H:%M:%S}")
        if self._panel.message.text() == self._why:
            self._panel.message.clear()
