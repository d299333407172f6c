"""Which mask is corrected: the selected one, else the latest of those that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_acs.viewer.predicted import FirstSeen
from napari_acs.widgets.mask_view import is_tumour_mask

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer


class CorrectTarget(QObject):
    """Signals: ``followed(Labels or None)``; ``listed()``, when masks or names changed.

    Attributes
    ----------
    before : FirstSeen
        Every mask as it was before corrections.
    """

    followed = Signal(object)
    listed = Signal()

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.before = FirstSeen()
        self.layer: Labels | None = None
        viewer.layers.selection.events.active.connect(self._on_active)
        events = viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed, events.reordered):
            event.connect(self._on_layers)

    @property
    def masks(self) -> list[Labels]:
        """All masks that are open."""
        return [layer for layer in self._viewer.layers if is_tumour_mask(layer)]

    def start(self) -> None:
        """Take the selected mask, else the latest."""
        self._on_layers()
        self._on_active()

    def choose(self, layer: Labels) -> None:
        """Take this mask, and select it."""
        self._viewer.layers.selection.active = layer
        self._follow(layer)

    def _follow(self, layer: Labels | None) -> None:
        if layer is self.layer:
            return
        self.layer = layer
        if layer is not None:
            self.before.look(layer)
        self.followed.emit(layer)

    def _on_active(self, event: Any = None) -> None:
        active = self._viewer.layers.selection.active
        if isalive(self) and is_tumour_mask(active):
            self._follow(active)

    def _on_layers(self, event: Any = None) -> None:
        if not isalive(self):
            return
        masks = self.masks
        if not any(mask is self.layer for mask in masks):
            self._follow(masks[-1] if masks else None)
        self.listed.emit()
