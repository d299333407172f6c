"""All of the open case on the disk before it is left; tried again where the disk refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from napari_acs.errors import BadInput
from napari_acs.widgets.review_ending import Typed

if TYPE_CHECKING:
    from napari_acs.viewer.review_desk import Saved
    from napari_acs.widgets.review_cases import ReviewCases

_RETRY_MS = 2000
_STAYS = "Nothing is lost: you stay on this case until that is mended. Then click again."


class Keeping(QObject):
    """Keeps mask, note and answers of the open case, and lets the reader leave it only then.

    Signals: ``unsaved(str)`` when the disk refuses, ``relieved()`` when all is saved after that,
    ``stayed(str)`` when the case cannot be left. The sentences say why.
    """

    unsaved = Signal(str)
    relieved = Signal()
    stayed = Signal(str)

    def __init__(self, cases: ReviewCases) -> None:
        super().__init__(cases)
        self._cases = cases
        self._then: Callable[[], object] | None = None
        self._asked = False
        self.trouble = False
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.setInterval(_RETRY_MS)
        self._retry.timeout.connect(self._ask)

    def leave(self, then: Callable[[], object]) -> None:
        """Do this when all of the open case is on the disk; at once where none is open.

        Nothing waits: the session's thread answers. What is asked last is what is done.
        """
        if self._cases.follower.layer is None:
            then()
            return
        self._then = then
        self._ask()

    @property
    def leaving(self) -> bool:
        """Whether the open case is left as soon as all of it is on the disk."""
        return self._then is not None

    def refused(self, sentence: str) -> None:
        """Take it that something could not be saved: say so once, and try again."""
        first, self.trouble = not self.trouble, True
        self._retry.start()
        if first:
            self.unsaved.emit(sentence)

    def _ask(self) -> None:
        cases = self._cases
        layer = cases.follower.layer
        if self._asked or layer is None:
            return
        self._asked = True
        painted, typed = cases.follower.take(), cases.last.typed
        cases.keeper.ask(
            cases.desk.keep,
            None if cases.shifts.moving else layer.data,  # until an undo is shown the file is newer
            cases.screen.at,
            typed,
            painted=painted,
            done=partial(self._on_kept, typed),
            refused=self._on_refused,
        )

    def _on_kept(self, typed: Typed | None, answer: tuple[Saved, BadInput | None]) -> None:
        saved, misfit = answer
        cases, self._asked = self._cases, False
        if misfit is None and cases.last.typed is typed:
            cases.last.typed = None
        cases.told_saved(saved)
        if self.trouble:
            self.trouble = False
            self._retry.stop()
            self.relieved.emit()
        if self._then is None:
            return
        if misfit is not None:
            self._stay(misfit.sentence())
        elif cases.follower.due_soon or cases.last.typed is not None:
            self._ask()  # the reader went on meanwhile
        else:
            then, self._then = self._then, None
            then()

    def _on_refused(self, sentence: str) -> None:
        self._asked = False
        self.refused(sentence)
        if self._then is not None:
            self._stay(sentence)

    def _stay(self, sentence: str) -> None:
        self._then = None
        self._cases.show_mask()
        self.stayed.emit(f"{sentence} {_STAYS}")
