"""napari's window is held open while something of the open case cannot be saved."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import ref

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QWidget

from napari_acs.errors import BadInput
from napari_acs.widgets.review_thread import PATIENCE_S

if TYPE_CHECKING:
    from napari_acs.widgets.review_cases import ReviewCases

_LOSE = "Close the window all the same, and lose what is not saved of this case?"
_HELD = "The window stays open: nothing is lost. Mend that, then close it again."


class Holding(QObject):
    """Saves the open case before the window closes; where that fails, the user is asked.

    napari asks no plugin whether its window may close, so the window's own event is looked at.

    Parameters
    ----------
    cases : ReviewCases
    keep : callable
        Holds on to what was typed and is not written.
    agreed : callable
        Asks a question; whether the answer is yes.
    refuse : callable
        Says a sentence in the panel.
    parent : QObject
    """

    def __init__(
        self,
        cases: ReviewCases,
        keep: Callable[[], object],
        agreed: Callable[[str], bool],
        refuse: Callable[[str], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._cases, self._keep = cases, keep
        self._agreed, self._refuse = agreed, refuse
        self._window: Callable[[], QWidget | None] = lambda: None

    def watch(self, widget: QWidget) -> None:
        """Hold the window that a widget is in; a panel that floats has its own, and a parent."""
        window = widget
        while (parent := window.parentWidget()) is not None:
            window = parent
        if window is not self._window() and window is not widget:
            self._window = ref(window)  # not kept: napari lets go of its windows
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Let nothing close the window while there is something to lose (Qt's name)."""
        if event is not None and event.type() == QEvent.Type.Close and watched is self._window():
            why = self._why_unsaved()
            if why and not self._agreed(f"{why} {_LOSE}"):
                event.ignore()
                self._refuse(f"{why} {_HELD}")
                return True
        return bool(super().eventFilter(watched, event))

    def _why_unsaved(self) -> str:
        """Save all of the open case now, and return what hinders that; nothing if it is saved."""
        cases = self._cases
        layer = cases.follower.layer
        if layer is None:
            return ""
        self._keep()
        painted = cases.follower.take()
        try:
            future = cases.keeper.pool.submit(
                cases.desk.keep,
                None if cases.shifts.moving else layer.data,
                cases.screen.at,
                cases.last.typed,
                painted=painted,
            )
        except RuntimeError:  # it was ended before
            return ""
        try:
            _, misfit = future.result(PATIENCE_S)
        except BadInput as refusal:
            why = refusal.sentence()
        except TimeoutError:
            why = f"The disk has not answered for {PATIENCE_S:.0f} s."
        except Exception as error:
            logging.getLogger(__name__).exception("a case could not be saved")
            why = f"That failed ({type(error).__name__}: {error}). This is a fault of ours."
        else:
            return "" if misfit is None else misfit.sentence()
        cases.follower.put_off(painted=painted)
        cases.keeping.refused(why)
        return why
