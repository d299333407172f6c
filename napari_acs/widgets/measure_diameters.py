"""The diameters' lines on the canvas, and what the user makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_acs.errors import BadInput
from napari_acs.viewer.axial_view import AxialView, axial_view, moved_to
from napari_acs.viewer.correcting import show_voxel
from napari_acs.viewer.diameters import (
    HandDiameters,
    diameters_layer,
    lengths_in,
    lines_in,
    lines_of,
    moved,
    place_of,
)
from napari_acs.viewer.lines_on_scan import LinesOnScan
from napari_acs.viewer.same_voxels import same_voxels
from napari_acs.widgets.review_turns import Turns

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Image, Labels, Layer, Shapes
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
        self._on_scan: LinesOnScan | None = None
        self._plane: list[Layer] = []
        self._view: AxialView | None = None
        self._turns = Turns(self)
        self._lines: list[NDArray[np.float64]] = []
        self._region = ""
        self._grid: Grid | None = None
        self._mask_grid: Grid | None = None
        self._labels: NDArray[np.uint8] | None = None
        self.by_hand: HandDiameters | None = None
        self.warning = ""
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.dims.events.ndisplay.connect(self._on_view)

    def draw(self, region: str, measured: Measured, mask: Labels, image: Image | None) -> None:
        """Draw a region's largest diameter and its perpendicular, in place of earlier ones.

        Where axial planes were cut anew they cross the slices of the scan: then the plane is
        shown, of ``image`` if there is one, and the lines are drawn in it; a second layer has them
        on the scan.

        Raises
        ------
        BadInput
            The region has no lesion.
        """
        lines = lines_of(measured.measures.regions[region], region)
        self.forget()
        shot = measured.request.mask
        self._region, self._labels, self._mask_grid = region, shot.labels, shot.grid
        if region not in measured.planes:
            self._lines, self._grid = lines, shot.grid
            self._add_lines(place_of(mask))
            return
        view = axial_view(measured, region, mask, lines, image)
        self._lines, self._grid = moved_to(lines, shot.grid, view.grid), view.grid
        self._view = view
        self._turns.start(self._show_plane(view, mask, lines))

    def _show_plane(
        self, view: AxialView, mask: Labels, lines: list[NDArray[np.float64]]
    ) -> Iterator[None]:
        """Add the layers of a plane, one in each turn: napari holds the window for each."""
        for layer in view.layers:
            self._add(layer)
            self._plane.append(layer)
            yield
            if self._view is not view:
                return
        active = self._viewer.layers.selection.active
        self._on_scan = LinesOnScan(self._viewer, mask, lines)
        self._viewer.layers.selection.active = active
        yield
        if self._view is view:
            self._add_lines(dict(view.place))
            self._on_view()

    def _add_lines(self, place: Mapping[str, Any]) -> None:
        self._layer = diameters_layer(place, self._lines)
        self._add(self._layer)
        self._layer.mode = "direct"
        for event in (self._layer.events.data, self._layer.events.set_data):
            event.connect(self._on_edit)
        show_voxel(self._layer, self._viewer.dims, self._lines[0].mean(axis=0))

    def _add(self, layer: Layer) -> None:
        active = self._viewer.layers.selection.active
        self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = active  # who was painting goes on painting

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
        on_scan, self._on_scan = self._on_scan, None
        plane, self._plane, self._view = self._plane, [], None
        self._labels, self.warning = None, ""
        if layer is not None:
            for event in (layer.events.data, layer.events.set_data):
                event.disconnect(self._on_edit)
        if on_scan is not None:
            on_scan.end()
        for each in (layer, *plane):
            if each is not None and each in self._viewer.layers:
                self._viewer.layers.remove(each)
        self._tell(None)

    def _on_edit(self, event: Any = None) -> None:
        if not isalive(self) or self._layer is None or self._grid is None:
            return
        lines = lines_in(self._layer)
        if self._on_scan is not None and self._mask_grid is not None and len(lines) == 2:
            self._on_scan.show(moved_to(lines, self._grid, self._mask_grid))
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
        """In 3D the lines are seen on the scan, and the plane would float above it."""
        if not isalive(self) or self._view is None:
            return
        flat = self._viewer.dims.ndisplay == 2
        for each in (*self._plane, *([self._layer] if self._layer is not None else [])):
            if each.visible != flat:
                each.visible = flat  # napari lets go of its mode then
        for each in self._plane:
            each.editable = False
        if self._layer is not None and flat:
            self._layer.mode = "direct"
