"""One patient on the canvas: who is opened next hides who was there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_acs.viewer.framing import bring_into_sight
from napari_acs.viewer.images_on import study_of
from napari_acs.viewer.info import OVERLAY, info_in
from napari_acs.widgets.drop_raises import raise_on_drop

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


class OneStudy(QObject):
    """Hides the layers of other studies when an image of a study comes.

    Two heads on one another look like one: whoever hid an image, turned to the 3D view or scrolled
    beyond the smaller volume saw the other patient's image or mask. Nothing is closed, and who
    wants both (two exams of a patient) clicks the eyes in napari's list. The study that comes is
    brought into sight, if it lies elsewhere.

    Signal: ``hid(str)``, a sentence.
    """

    hid = Signal(str)

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        viewer.layers.events.inserted.connect(self._on_inserted)
        raise_on_drop(viewer)  # or the other window's study would be taken for this one's

    def _on_inserted(self, event: Any) -> None:
        if not isalive(self) or not (own := _study_shown_by(event.value)):
            return
        layers = [layer for layer in self._viewer.layers if layer is not event.value]
        others = [layer for layer in layers if layer.visible and study_of(layer) not in {"", own}]
        for layer in others:
            layer.visible = False
        if others:
            _hide_drawings(self._viewer.layers)
            names = " and ".join(dict.fromkeys(repr(study_of(layer)) for layer in others))
            self.hid.emit(
                f"{names} is hidden while {own!r} is shown. "
                "The eyes in the list of layers bring it back."
            )
        if layers and not any(study_of(layer) == own for layer in layers):
            bring_into_sight(self._viewer, event.value, others)


def _hide_drawings(layers: Iterable[Layer]) -> None:
    """Hide what tools drew over the study before, diameters and the plane that they lie in."""
    for layer in layers:
        if OVERLAY in layer.metadata and not study_of(layer):
            layer.visible = False


def show_if_hidden(viewer: Viewer, layers: Collection[Layer]) -> None:
    """Show the images that something is to lie on, instead of another study's, if all are hidden.

    They were hidden by another study, and chosen again by hand: what was made of them would lie
    over the other patient's images.
    """
    studies = {study_of(layer) for layer in layers} - {""}
    if not studies or any(layer.visible for layer in layers):
        return
    before = [layer for layer in viewer.layers if layer.visible]
    for layer in before:
        if study_of(layer) not in {"", *studies}:
            layer.visible = False
    for layer in layers:
        layer.visible = True
    bring_into_sight(viewer, next(iter(layers)), before)


def _study_shown_by(layer: Layer) -> str:
    """Return the study that an image layer brings to the canvas, or nothing."""
    info = info_in(layer.metadata)
    if not isinstance(layer, Image) or info is None or OVERLAY in layer.metadata:
        return ""
    return info.study if layer.visible and not info.role else ""
