"""Masks of others for the open case: taken from the Segment panel, put in the reader's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.viewer.review_take import model_of, segmentation_among, take, uncertainty_among

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_acs.viewer.info import LayerInfo
    from napari_acs.widgets.review_cases import ReviewCases
    from napari_acs.widgets.review_decide import ReviewDecide


class OtherMasks(QObject):
    """Offers and takes masks that the reader has not drawn. Signal: ``taken(str)``, a sentence."""

    taken = Signal(str)

    def __init__(
        self,
        viewer: Viewer,
        card: ReviewDecide,
        cases: ReviewCases,
        confirm: Callable[[str], bool],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._card, self._cases = viewer, card, cases
        self._confirm = confirm
        card.look.connect(cases.look)
        card.replace.connect(self._promote)
        card.take.connect(self._take)
        card.reveal.connect(cases.reveal)
        events = viewer.layers.events
        for event in (events.inserted, events.removed):
            event.connect(self.offer)

    def offer(self, event: Any = None) -> None:
        """Offer what the Segment panel made for the open case, where it may be seen."""
        if isalive(self):
            found = self._found()
            self._card.show_segmentation(model_of(found[1]) if found else "")

    @Slot(int)
    def _promote(self, mask: int) -> None:
        now = self._cases.now
        if now is None or mask not in now.state.masks:
            return
        title = now.state.masks[mask].title
        if self._confirm(f"Put {title} in the place of your mask? Undo brings your work back."):
            self._cases.shifts.promote(mask)

    @Slot()
    def _take(self) -> None:
        found, item = self._found(), self._cases.item
        if found is None or item is None:
            return
        info = found[1]
        unsure = uncertainty_among(self._viewer.layers, info)
        self._cases.do(
            lambda session: take(session, item, info, unsure),
            done=lambda mask: self.taken.emit(f"{mask.title} is among the masks of this case."),
        )

    def _found(self) -> tuple[Layer, LayerInfo] | None:
        now, item = self._cases.now, self._cases.item
        if now is None or item is None or not now.state.items[item].sees_others:
            return None
        case = now.state.items[item].shown_name
        return segmentation_among(self._viewer.layers, case, self._cases.screen.layers)
