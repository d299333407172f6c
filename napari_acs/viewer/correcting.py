"""Between a Labels layer and the corrections of `napari_acs.review.correct`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import lps_grid
from napari_acs.review.correct import GLIOMA, Canvas, Nesting
from napari_acs.viewer.info import info_in, is_diagonal
from napari_acs.viewer.moved import refuse_moved
from napari_acs.viewer.same_voxels import holds
from napari_acs.viewer.views import spatial_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Labels
    from numpy.typing import NDArray

_OF_2021 = replace(GLIOMA, values=(2, 1, 4))
"""BraTS up to 2021: enhancing tumour is 4."""
NUMBERING = "napari_acs_numbering"
"""Key of the `Nesting` of a layer's labels, once its voxels have shown it: ET may all be erased."""
_NO_SLICE = "No slice is shown"
_SHOW_ONE = "Switch to a 2D view, such as Axial"


def nesting_of(labels: NDArray[Any]) -> Nesting:
    """Return what the labels of a tumour mask mean: enhancing tumour is 3, or 4 as until 2021.

    Raises
    ------
    BadInput
        The mask holds both 3 and 4.
    """
    return _shown_by(labels) or GLIOMA


def nesting_in(layer: Labels) -> Nesting:
    """Return what a layer's labels mean; where it holds no enhancing tumour now, as it was before.

    Raises
    ------
    BadInput
        As `nesting_of`.
    """
    labels = layer.data
    shown = _shown_by(labels) if isinstance(labels, np.ndarray) else None
    known: Nesting = layer.metadata.get(NUMBERING, GLIOMA)
    if shown is not None and shown != known:
        layer.metadata[NUMBERING] = shown
    return shown or known


def _shown_by(labels: NDArray[Any]) -> Nesting | None:
    """Return what the labels mean, None where there is no enhancing tumour to tell it by."""
    highest = int(labels.max()) if labels.size else 0
    has_4 = highest == 4 or (highest > 4 and holds(labels, 4))
    if highest < 3:
        return None
    if not has_4:
        return GLIOMA if highest == 3 or holds(labels, 3) else None
    if holds(labels, 3):
        raise BadInput(
            "The mask cannot be corrected",
            found="both 3 and 4",
            expected="one number for enhancing tumour",
            do="Change one of them",
        )
    return _OF_2021


def canvas_of(layer: Labels, box: Sequence[slice] | None = None) -> Canvas:
    """Return a layer's array as a canvas, as displayed (z, y, x in LPS order); not copied.

    Raises
    ------
    BadInput
        The layer is no label map of one volume, is locked or read-only, or was turned or moved.
    """
    spacing = spacing_of(layer)
    if not layer.editable:
        raise BadInput(f"The layer {layer.name!r} is locked", do="Unlock it, or choose another")
    labels = layer.data
    _refuse_unfit(layer.name, labels)
    return Canvas(labels, spacing, box, nesting_in(layer))


def spacing_of(layer: Labels) -> list[float]:
    """Return the size of a layer's voxels along its last three axes, in mm.

    Raises
    ------
    BadInput
        The layer was turned on the screen; or it is of a file, and was moved or stretched: what
        is a mm on the screen is none in the file.
    """
    info = info_in(layer.metadata)
    if info is not None and lps_grid(info.grid).shape == tuple(layer.data.shape):
        refuse_moved([layer])  # an array of another shape is of no file
    if not is_diagonal(layer):
        raise BadInput(
            f"The layer {layer.name!r} was rotated or sheared after it was opened",
            do="Open the mask again",
        )
    return [float(abs(side)) for side in layer.scale[-3:]]


def _refuse_unfit(name: str, labels: Any) -> None:
    if not isinstance(labels, np.ndarray):
        raise BadInput(
            f"The layer {name!r} cannot be corrected as it is",
            found=f"labels that are read piece by piece ({type(labels).__module__})",
            expected="labels in memory",
            do="Save the layer, and open the saved file",
        )
    if labels.dtype != np.uint8:
        raise BadInput(
            f"The layer {name!r} cannot be corrected as it is",
            found=f"labels as {labels.dtype}",
            expected="uint8",
            do="Right-click the layer, and choose Convert data type > Convert to uint8",
        )
    if not labels.flags.writeable:
        raise BadInput(
            f"The layer {name!r} cannot be changed",
            found="a read-only array",
            do="Right-click the layer, choose Duplicate Layer, and correct the copy",
        )


def snapshot(canvas: Canvas) -> Canvas:
    """Return a canvas on a copy of the labels, for a worker."""
    return replace(canvas, labels=canvas.labels.copy())


def slice_axis(dims: Any) -> int:
    """Return the axis (of z, y, x) along which a viewer's slices lie.

    Raises
    ------
    BadInput
        No single slice of a volume is shown.
    """
    order = spatial_order(dims.order)
    if dims.ndisplay != 2 or order is None:
        raise BadInput(_NO_SLICE, do=_SHOW_ONE)
    return order[0]


def slice_index(layer: Labels, dims: Any) -> int:
    """Return which slice of a layer is shown along `slice_axis`.

    Raises
    ------
    BadInput
        No slice is shown, or one beyond the mask.
    """
    return _index_at(layer, slice_axis(dims), dims.point)


def clicked_slice(layer: Labels, event: Any) -> tuple[int, int]:
    """Return along which axis (of z, y, x) a canvas has its slices, and which one it shows.

    Parameters
    ----------
    layer : Labels
    event : napari's mouse event
        Of the window's canvas, or of another one on the same point.

    Raises
    ------
    BadInput
        No single slice of a volume is shown, or one beyond the mask.
    """
    lead = len(event.dims_point) - 3
    hidden = {0, 1, 2} - {axis - lead for axis in event.dims_displayed}
    if len(event.dims_displayed) != 2 or len(hidden) != 1:
        raise BadInput(_NO_SLICE, do=_SHOW_ONE)
    (axis,) = hidden
    return axis, _index_at(layer, axis, event.dims_point)


def _index_at(layer: Labels, axis: int, point: Sequence[float]) -> int:
    index = int(np.round(layer.world_to_data(point)[-3:][axis]))
    if not 0 <= index < layer.data.shape[-3:][axis]:
        raise BadInput("The slice that is shown is beyond the mask", do="Move to the tumour")
    return index


def show_voxel(layer: Labels, dims: Any, at: Sequence[float]) -> None:
    """Move a viewer's sliders to a voxel (z, y, x)."""
    dims.point = (*dims.point[:-3], *layer.data_to_world(np.asarray(at, float))[-3:])
