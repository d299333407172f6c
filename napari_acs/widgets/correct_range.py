"""The range of brightness on the canvas, and the images that it can be of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QObject

from napari_acs.errors import BadInput
from napari_acs.review.correct import Band
from napari_acs.viewer.images_on import check_on, images_on, of_one_study
from napari_acs.viewer.make_layer import make_layer
from napari_acs.viewer.overlays import range_layer, show_range
from napari_acs.widgets.hidden import Hidden
from napari_acs.widgets.matching import may_be_sequence

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_acs.widgets.correct_brush import CorrectBrush


class CorrectRange(QObject):
    """Shows what the range box says, and hands it to the tools."""

    def __init__(self, viewer: Viewer, panel: CorrectBrush, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._panel = viewer, panel
        self._offered: list[tuple[int, str]] = []
        self._shown: tuple[Image, Image] | None = None  # the range, and what it is of
        self._over = Hidden(viewer)
        # a method of self would be gone before it could be called
        parent.destroyed.connect(self._over.back)
        panel.range_changed.connect(self._show)
        viewer.layers.events.removed.connect(self._on_removed)

    def band(self, mask: Labels) -> Band:
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
        check_on(image, mask)
        low, high = self._panel.limits
        return Band(np.asarray(image.data), low, high, image.name)

    def arrays(self, mask: Labels) -> list[NDArray[Any]]:
        """Return all images of the mask's study.

        Where that is not known and several would do, those of the chosen image's.

        Raises
        ------
        BadInput
            One does not lie on the mask any more.
        """
        chosen = self._panel.image
        images = of_one_study(chosen, self._panel.images) if chosen is not None else []
        for image in images:
            check_on(image, mask)
        return [np.asarray(image.data) for image in images]

    def offer(self, mask: Labels | None) -> None:
        """Offer the images that lie on a mask, under their names."""
        images = [layer for layer in self._viewer.layers if may_be_sequence(layer)]
        fitting = images_on(mask, images) if mask is not None else []
        if [(id(each), each.name) for each in fitting] != self._offered:
            self._offered = [(id(each), each.name) for each in fitting]
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
            layer = make_layer(range_layer(image, *self._panel.shown_limits))
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
