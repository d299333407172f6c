"""Undo and redo by buttons and by napari's keys: its own, which say nothing where they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtCore import QObject, Slot

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_acs.widgets.correct_mouse import CorrectMouse
    from napari_acs.widgets.correct_panel import CorrectPanel
    from napari_acs.widgets.correct_target import CorrectTarget

_KEYS: dict[str, Literal["undo", "redo"]] = {"Control-Z": "undo", "Control-Shift-Z": "redo"}
_DRAWING = ("paint", "erase")
"""Modes of napari's own tools that drag."""
_AT_THE_END = {
    "undo": "There is nothing more to undo here: napari keeps the last 100 steps of a layer. In a "
    "review session Undo of the Review panel goes back to the first one.",
    "redo": "There is nothing more to redo here.",
}


class CorrectUndo(QObject):
    """Takes steps of the mask back, and repeats them.

    Has napari's keys on the mask, too: by them a mask that is hidden would change unseen, and in
    the middle of a stroke of napari's own brush the step before would go, which could not come
    back.

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
        self._drags = _Drags()
        self._bound: list[Labels] = []
        target.followed.connect(self._on_followed)
        # a method of self would be gone before it could be called
        parent.destroyed.connect(partial(_give_back, self._bound, self._drags))

    @Slot()
    def _on_undo(self) -> None:
        self._go("undo")

    @Slot()
    def _on_redo(self) -> None:
        self._go("redo")

    @Slot(object)
    def _on_followed(self, layer: Labels | None) -> None:
        _give_back(self._bound, self._drags)
        if layer is None:
            return
        self._bound.append(layer)
        layer.mouse_drag_callbacks.append(self._drags)
        for key, way in _KEYS.items():
            layer.bind_key(key, self._going(way), overwrite=True)

    def _going(self, way: Literal["undo", "redo"]) -> Callable[[Any], None]:
        def go(layer: Any) -> None:  # napari wants a function, with a name
            self._go(way)

        return go

    def _go(self, way: Literal["undo", "redo"]) -> None:
        self._mouse.brush.end()  # a stroke that napari has not told the end of
        try:
            layer = self._target.seen_mask()
            if self._drags.last is not None and str(layer.mode) in _DRAWING:
                raise BadInput(
                    "A stroke of napari's own tool is not at its end",
                    do="Let go of the mouse, then undo",
                )
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


class _Drags:
    """A callback of napari's ``mouse_drag_callbacks``: knows whether a drag goes on.

    Attributes
    ----------
    last : object or None
        Stands for the drag in hand.
    """

    def __init__(self) -> None:
        self.last: object | None = None

    def __call__(self, layer: Labels, event: Any) -> Iterator[None]:
        """Follow one drag."""
        self.last = drag = object()
        yield
        while event.type == "mouse_move":
            yield
        if self.last is drag:
            self.last = None


def _give_back(bound: list[Labels], drags: _Drags, *_: object) -> None:
    """Let masks have their keys back."""
    for layer in bound:
        for key in _KEYS:
            layer.bind_key(key, None)
        if drags in layer.mouse_drag_callbacks:
            layer.mouse_drag_callbacks.remove(drags)
    bound.clear()
    drags.last = None
