"""A blinded read stays one: what others made of a case is put aside until it may be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from napari_acs.viewer.read_blind import mark_blind, shows_others

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_acs.review.session.state import Ai
    from napari_acs.widgets.review_cases import ReviewCases

_DO: dict[Ai, str] = {
    "after": "Decide it, and click 'Show the masks of others'",
    "hidden": "Close the session first, or open a case that is not read so",
}


class BlindRead(QObject):
    """Keeps masks of others off the screen while a case is read without them.

    Layers are taken out of the list, not hidden: panels offer hidden ones too. They come back,
    hidden, with the next case that is read with them, after the first read, or when the session is
    closed. Panels that ask a model are refused meanwhile, by a mark on the reader's mask.

    Signal: ``said(str)``, a sentence about what came while such a case is open.
    """

    said = Signal(str)

    def __init__(self, viewer: Viewer, cases: ReviewCases, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._cases = viewer, cases
        self._aside: list[Layer] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_time)
        viewer.layers.events.inserted.connect(self._on_inserted)

    @property
    def _ai(self) -> Ai | None:
        """How the open case is read, if that is without the masks of others."""
        now, item = self._cases.now, self._cases.item
        line = now.state.items[item] if now is not None and item is not None else None
        return line.ai if line is not None and not line.sees_others else None

    def look(self) -> str:
        """Put aside what the reader may not see of the open case, or give it back.

        Returns
        -------
        str
            What to say of it; empty where nothing was put aside.
        """
        mask, blind = self._cases.screen.mask, self._ai
        if mask is None or self._cases.item is None:
            return ""
        mark_blind(mask, _DO[blind] if blind is not None else "")
        if blind is None:
            self.give_back()
            return ""
        found, there = self._others(), self._viewer.layers
        for layer in found:
            there.remove(layer)
        self._aside += found
        if not found:
            return ""
        there.selection.active = mask
        named = ", ".join(repr(layer.name) for layer in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        return (
            f"{named}{more} cannot be shown: this case is read without the masks of others. "
            "Nothing is lost: what was put aside comes back, hidden, when it may be seen."
        )

    def give_back(self) -> None:
        """Put back what was put aside, hidden: it may be another case's."""
        layers, self._aside = self._aside, []
        active = self._viewer.layers.selection.active
        for layer in layers:
            layer.visible = False
            self._viewer.add_layer(layer)
        if layers:
            self._viewer.layers.selection.active = active

    def _others(self) -> list[Layer]:
        there = list(self._viewer.layers)
        own = {id(layer) for layer in self._cases.screen.layers}
        return [one for one in there if id(one) not in own and shows_others(one, there)]

    def _on_inserted(self, event: Any) -> None:
        if not isalive(self) or self._ai is None:
            return
        for layer in self._others():
            layer.visible = False  # at once; who added it has not done with it yet
            self._timer.start()

    def _on_time(self) -> None:
        if sentence := self.look():
            self.said.emit(sentence)
