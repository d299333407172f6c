"""The range of brightness on the canvas, and the images that it can be of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer
from qtpy.compat import isalive
from qtpy.QtCore import QObject

from napari_acs.errors import BadInput
from napari_acs.review.correct import Band
from napari_acs.viewer.display import same_place
from napari_acs.viewer.its_study import of_its_study
from napari_acs.viewer.overlays import range_layer, show_range
from napari_acs.widgets.hidden import Hidden
from napari_acs.widgets.matching import may_be_sequence

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from napari.viewer import Viewer

    from napari_acs.widgets.correct_brush import CorrectBrush


class CorrectRange(QObject):
    """Shows what the range box says, and hands it to the tools."""

    def __init__(self, viewer: Viewer, panel: CorrectBrush, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._panel = viewer, panel
        self._shown: tuple[Image, Image] | None = None  # the range, and what it is of
        self._over = Hidden(viewer)
        # a method of self would be gone before it could be called
        parent.destroyed.connect(self._over.back)
        panel.range_changed.connect(self._show)
        viewer.layers.events.removed.connect(self._on_removed)

    def band(self) -> Band:
        """Return the chosen range.

        Raises
        ------
        BadInput
            No image lies on the mask.
        """
        image = self._panel.image
        if image is None:
            raise BadInput(
                "There is no image to take a brightness from",
                do="Open the sequences of the study that the mask belongs to",
            )
        low, high = self._panel.limits
        return Band(np.asarray(image.data), low, high, image.name)

    def offer(self, mask: Labels | None) -> None:
        """Offer the images that lie on a mask and are of its study."""
        on = [
            layer
            for layer in self._viewer.layers
            if mask is not None and may_be_sequence(layer) and same_place(layer, mask)
        ]
        fitting = of_its_study(mask, on) if mask is not None else []
        if [id(each) for each in fitting] != [id(each) for each in self._panel.images]:
            self._panel.show_images(fitting)

    def close(self) -> None:
        """Take the range off the canvas."""
        self._shown = None
        self._over.back()

    def _show(self) -> None:
        image = self._panel.image
        if not self._panel.range_shown or image is None:
            self.close()
            return
        if self._shown is None or self._shown[1] is not image:
            self.close()
            active = self._viewer.layers.selection.active
            layer = Layer.create(*range_layer(image, *self._panel.shown_limits))
            self._viewer.add_layer(layer)
            self._shown = layer, image
            self._over.instead = layer
            self._viewer.layers.selection.active = active
        show_range(self._shown[0], *self._panel.shown_limits)

    def _on_removed(self, event: Any) -> None:
        if not isalive(self) or self._shown is None:
            return
        if event.value is self._shown[0]:
            self._shown = None
            self._panel.show_no_range()
        elif event.value is self._shown[1]:
            self.close()
