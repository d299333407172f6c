"""Which mask is corrected: the selected one, else the latest of those that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.errors import BadInput
from napari_acs.viewer.predicted import FirstSeen
from napari_acs.viewer.replaced import forget_other_steps
from napari_acs.widgets.mask_view import is_tumour_mask

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer


class CorrectTarget(QObject):
    """Knows the mask that is corrected.

    Signals: ``followed(Labels or None)``; ``listed()``, when masks or names changed; ``rebased()``,
    when it may have become another mask that this one was begun from; ``replaced()``, when its
    array is another one, whose undo begins anew.

    Attributes
    ----------
    before : FirstSeen
        Every mask as it was before corrections.
    """

    followed = Signal(object)
    listed = Signal()
    rebased = Signal()
    replaced = Signal()

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.before = FirstSeen()
        self.layer: Labels | None = None
        self._array: Any = None
        self._stood_in = False
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

    def mask(self) -> Labels:
        """Return the mask that is corrected.

        Raises
        ------
        BadInput
            There is none, or it is no volume.
        """
        layer = self.layer
        if layer is None:
            raise BadInput(
                "There is no mask to correct", do="Segment a study, or open or make a mask"
            )
        if layer.ndim != 3:
            raise BadInput(
                f"The layer {layer.name!r} has {layer.ndim} dimensions",
                expected="3: a volume",
                do="Choose another mask",
            )
        return layer

    def seen_mask(self) -> Labels:
        """Return the mask that is corrected, for an edit that the user wants to see.

        Raises
        ------
        BadInput
            As `mask`, and where it is hidden and nothing stands in for it.
        """
        layer = self.mask()
        if not layer.visible and not self._stood_in:
            raise BadInput(
                f"The mask {layer.name!r} is hidden, so you would not see what is changed",
                do="Show it (the eye in the list of layers), and click again",
            )
        return layer

    @Slot(bool)
    def stand_in(self, on: bool) -> None:
        """Take it that its changes are shown in the place of the mask, or no more."""
        self._stood_in = on

    def _follow(self, layer: Labels | None) -> None:
        if layer is self.layer:
            return
        if self.layer is not None:
            self.layer.events.metadata.disconnect(self._on_metadata)
            self.layer.events.data.disconnect(self._on_data)
        self.layer, self._array = layer, None
        if layer is not None:
            self._array = layer.data
            layer.events.metadata.connect(self._on_metadata)
            layer.events.data.connect(self._on_data)
            self.before.look(layer)
        self.followed.emit(layer)
        self.listed.emit()

    def _on_metadata(self, event: Any = None) -> None:
        if isalive(self):
            self.rebased.emit()

    def _on_data(self, event: Any = None) -> None:
        layer = self.layer
        if not isalive(self) or layer is None:
            return
        before, self._array = self._array, layer.data
        if forget_other_steps(layer, before):
            self.replaced.emit()

    def _on_active(self, event: Any = None) -> None:
        if not isalive(self):
            return
        active = self._viewer.layers.selection.active
        for mask in self.masks:  # napari hands plugins a proxy of what is selected
            if mask == active:
                self._follow(mask)

    def _on_layers(self, event: Any = None) -> None:
        if not isalive(self):
            return
        masks = self.masks
        if not any(mask is self.layer for mask in masks):
            self._follow(masks[-1] if masks else None)
        self.listed.emit()
