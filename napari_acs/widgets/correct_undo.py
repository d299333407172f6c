"""Undo and redo by the panel's buttons: napari's own, which says nothing where it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from qtpy.QtCore import QObject, Slot

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari_acs.widgets.correct_mouse import CorrectMouse
    from napari_acs.widgets.correct_panel import CorrectPanel
    from napari_acs.widgets.correct_target import CorrectTarget

_AT_THE_END = {
    "undo": "There is nothing more to undo here: napari keeps the last 100 steps of a layer. In a "
    "review session Undo of the Review panel goes back to the first one.",
    "redo": "There is nothing more to redo here.",
}


class CorrectUndo(QObject):
    """Takes steps of the mask back, and repeats them.

    Parameters
    ----------
    panel : CorrectPanel
    target : CorrectTarget
    mouse : CorrectMouse
    refuse : callable
        Gets the way and the refusal, where the mask cannot be seen or there is none.
    parent : QObject
    """

    def __init__(
        self,
        panel: CorrectPanel,
        target: CorrectTarget,
        mouse: CorrectMouse,
        refuse: Callable[[str, BadInput], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._panel, self._target, self._mouse = panel, target, mouse
        self._refuse = refuse
        panel.undo_clicked.connect(self._on_undo)
        panel.redo_clicked.connect(self._on_redo)

    @Slot()
    def _on_undo(self) -> None:
        self._go("undo")

    @Slot()
    def _on_redo(self) -> None:
        self._go("redo")

    def _go(self, way: Literal["undo", "redo"]) -> None:
        self._mouse.brush.end()  # a stroke that napari has not told the end of
        try:
            layer = self._target.seen_mask()
        except BadInput as refusal:
            self._refuse(way, refusal)
            return
        heard: list[object] = []
        drawn_anew = layer.events.set_data, layer.events.reload  # the second: slices in a thread
        for event in drawn_anew:
            event.connect(heard.append)
        try:
            layer.undo() if way == "undo" else layer.redo()
        finally:
            for event in drawn_anew:
                event.disconnect(heard.append)
        if not heard:
            self._panel.message.say(_AT_THE_END[way], "note")
