"""Follows the mask that the user works on, and keeps its volumes on screen up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Labels
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from napari_acs.models.spec import GLIOMA_OUTPUT, OutputSpec
from napari_acs.viewer.info import OVERLAY, info_in
from napari_acs.viewer.volumes import class_volumes_ml
from napari_acs.widgets.volume_table import volume_rows

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_acs.widgets.segment_panel import SegmentPanel

_QUIET_MS = 150


class MaskView(QObject):
    """The mask is the Labels layer that was selected or made last, while it is open.

    Volumes are counted again once the brush has rested; undo emits no ``paint`` event, so every
    refresh of the layer counts as a possible edit.

    Signal: ``followed(Labels or None)``, the mask that is shown from now on.
    """

    followed = Signal(object)

    def __init__(self, viewer: Viewer, panel: SegmentPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._panel = panel
        self._outputs: WeakKeyDictionary[Labels, OutputSpec] = WeakKeyDictionary()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_QUIET_MS)
        self._timer.timeout.connect(self.count)
        self.layer: Labels | None = None
        viewer.layers.selection.events.active.connect(self._on_active)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.layers.events.renamed.connect(self._show_name)
        self._on_active()

    def follow(self, layer: Labels | None, output: OutputSpec | None = None) -> None:
        """Show this mask from now on; ``output`` is that of the model that made it."""
        for event in _edits(self.layer):
            event.disconnect(self._on_edit)
        self.layer = layer
        if layer is not None and output is not None:
            self.remember(layer, output)
        for event in _edits(layer):
            event.connect(self._on_edit)
        self._show_name()
        self.count()
        self.followed.emit(layer)

    def remember(self, layer: Labels, output: OutputSpec) -> None:
        """Remember the output of the model that made a mask, for when it is followed."""
        self._outputs[layer] = output

    def count(self) -> None:
        """Count the mask's voxels and show the volumes."""
        if self.layer is None:
            self._panel.volumes.show_rows(())
            return
        voxel_ml = float(np.prod(self.layer.scale[-3:])) / 1000
        volumes = class_volumes_ml(self.layer.data, (1, 2, 3, 4), voxel_ml)
        output = self._outputs.get(self.layer, GLIOMA_OUTPUT)
        self._panel.volumes.show_rows(volume_rows(volumes, output))

    def _on_active(self, event: Any = None) -> None:
        active = self._viewer.layers.selection.active
        if isalive(self) and is_tumour_mask(active) and active is not self.layer:
            self.follow(active)

    def _on_removed(self, event: Any) -> None:
        if isalive(self) and event.value is self.layer:
            masks = [layer for layer in self._viewer.layers if is_tumour_mask(layer)]
            self.follow(masks[-1] if masks else None)

    def _on_edit(self, event: Any = None) -> None:
        if isalive(self):
            self._timer.start()

    def _show_name(self, event: Any = None) -> None:
        if isalive(self):
            self._panel.show_mask(self.layer.name if self.layer is not None else None)


def is_tumour_mask(layer: Any) -> TypeGuard[Labels]:
    """Whether a layer is a Labels layer, and none that is known to be no tumour mask."""
    if not isinstance(layer, Labels) or OVERLAY in layer.metadata:
        return False
    info = info_in(layer.metadata)
    # napari's "Convert to Labels" keeps what an image knows of itself: of which sequence it is
    return info is None or (info.sequence is None and info.role not in {"brain", "overlay"})


def is_file_of(layer: Any, study: str) -> bool:
    """Whether a layer is a tumour mask that was opened from a file, of this study."""
    info = info_in(layer.metadata) if is_tumour_mask(layer) else None
    opened = info is not None and info.reference is not None and info.prediction is None
    return opened and info is not None and info.study == study


def _edits(layer: Labels | None) -> tuple[Any, ...]:
    if layer is None:
        return ()
    return layer.events.paint, layer.events.labels_update, layer.events.set_data, layer.events.data
