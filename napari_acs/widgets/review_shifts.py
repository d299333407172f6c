"""Undo, redo and promotion in the open case: the session goes first, and the layer follows it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_acs.viewer.review_desk import Saved
from napari_acs.viewer.review_journal import Shift, Way

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_acs.widgets.review_cases import ReviewCases


class Shifts(QObject):
    """Takes edits of the open mask back, repeats them, or replaces the mask, one at a time.

    ``moving`` is True until the layer shows what the session has then: up to that moment the layer
    is older than the file, and is not saved.
    """

    def __init__(self, cases: ReviewCases) -> None:
        super().__init__(cases)
        self._cases = cases
        self.moving = False

    def move(self, way: Way) -> None:
        """Undo or redo an edit of the session, of this or of an earlier opening."""
        self._ask(self._cases.desk.move, way)

    def promote(self, prediction: int) -> None:
        """Put another's mask in the place of the reader's; the user was asked."""
        self._ask(self._cases.desk.promote, prediction)

    def _ask(self, work: Callable[..., Any], what: Any) -> None:
        cases = self._cases
        layer = cases.follower.layer
        if layer is None or self.moving:
            return
        self.moving, cases.last.layer = True, None
        cases.follower.hold(True)
        cases.keeper.ask(
            work,
            what,
            layer.data,
            done=partial(self._on_shifted, layer),
            refused=self._on_refused,
        )

    def _on_shifted(self, layer: Labels, answer: tuple[Shift | None, Saved]) -> None:
        shift, saved = answer
        cases, self.moving = self._cases, False
        if layer is cases.follower.layer:
            if shift is not None:
                cases.screen.apply(shift)
            cases.last.layer = layer
            cases.follower.hold(False)
        cases.told_saved(saved)

    def _on_refused(self, sentence: str) -> None:
        cases, self.moving = self._cases, False
        cases.last.layer = cases.follower.layer
        cases.follower.hold(False)
        cases.refused.emit(sentence)
