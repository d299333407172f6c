"""The diameters' lines on the canvas, and what the user makes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_acs.errors import BadInput
from napari_acs.viewer.correcting import show_voxel
from napari_acs.viewer.diameters import (
    PROJECTED,
    HandDiameters,
    diameters_layer,
    lengths_in,
    lines_of,
    moved,
    projected,
)
from napari_acs.viewer.same_voxels import same_voxels

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Labels, Shapes
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid
    from napari_acs.viewer.measuring import Measured

EARLIER = "The lines are of the mask before it was edited; draw them again for the mask as it is."


class MeasureDiameters(QObject):
    """Signal: ``edited(HandDiameters, BadInput or None)``; None while the lines are as drawn.

    Attributes
    ----------
    by_hand : HandDiameters or None
        What the lines say, once the user moved them.
    warning : str
        That the lines are of an earlier mask; nothing while they are of the mask as it is.
    """

    edited = Signal(object)

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layer: Shapes | None = None
        self._projected: Shapes | None = None
        self._lines: list[NDArray[np.float64]] = []
        self._region = ""
        self._grid: Grid | None = None
        self._labels: NDArray[np.uint8] | None = None
        self.by_hand: HandDiameters | None = None
        self.warning = ""
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.dims.events.ndisplay.connect(self._on_view)

    def draw(self, region: str, measured: Measured, mask: Labels) -> None:
        """Draw a region's largest diameter and its perpendicular, in place of earlier ones.

        Where axial planes were cut anew they cross the slices of the scan, and napari shows lines
        across slices in 3D alone: a second layer then has their projections on the slices.

        Raises
        ------
        BadInput
            The region has no lesion.
        """
        lines = lines_of(measured.measures.regions[region], region)
        self.forget()
        self._lines, self._region, self._grid = lines, region, measured.request.mask.grid
        self._labels = measured.request.mask.labels
        active = self._viewer.layers.selection.active
        self._layer = diameters_layer(mask, lines)
        self._viewer.add_layer(self._layer)
        self._layer.mode = "direct"
        if measured.measures.axial_resampled:
            self._projected = diameters_layer(mask, projected(lines), PROJECTED, len(lines))
            self._viewer.add_layer(self._projected)
            self._projected.editable = False
            self._on_view()
        self._viewer.layers.selection.active = active  # who was painting goes on painting
        for event in (self._layer.events.data, self._layer.events.set_data):
            event.connect(self._on_edit)
        show_voxel(mask, self._viewer.dims, lines[0].mean(axis=0))

    def look(self, mask: Labels) -> None:
        """Warn where the lines are of the mask before an edit.

        They stay: somebody may have moved them, and an edit of a mask takes no work away.
        """
        if self._layer is None or self._labels is None:
            return
        self.warning = "" if same_voxels(self._labels, mask.data) else EARLIER
        self._on_edit()

    def forget(self) -> None:
        """Take the lines away."""
        layer, self._layer = self._layer, None
        flat, self._projected = self._projected, None
        self._labels, self.warning = None, ""
        if layer is not None:
            for event in (layer.events.data, layer.events.set_data):
                event.disconnect(self._on_edit)
        for each in (layer, flat):
            if each is not None and each in self._viewer.layers:
                self._viewer.layers.remove(each)
        self._tell(None)

    def _on_edit(self, event: Any = None) -> None:
        if not isalive(self) or self._layer is None or self._grid is None:
            return
        if not moved(self._layer, self._lines):
            self._tell(None)
            return
        try:
            found = lengths_in(self._layer, self._grid, self._region)
            self._tell(replace(found, note=self.warning))
        except BadInput as refusal:
            self._tell(refusal)

    def _tell(self, found: HandDiameters | BadInput | None) -> None:
        self.by_hand = found if isinstance(found, HandDiameters) else None
        self.edited.emit(found)

    def _on_removed(self, event: Any) -> None:
        if isalive(self) and self._layer is not None and event.value is self._layer:
            self.forget()

    def _on_view(self, event: Any = None) -> None:
        """In 3D the lines themselves are seen."""
        if isalive(self) and self._projected is not None:
            self._projected.visible = self._viewer.dims.ndisplay == 2
