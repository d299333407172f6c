"""Fill what a region encloses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_acs.imaging.cancel import never, stop_if
from napari_acs.review.boxes import checked_axis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.correct.canvas import Canvas
    from napari_acs.review.correct.change import Change


def fill_holes(
    canvas: Canvas,
    regions: Sequence[str] = ("WT", "TC"),
    *,
    axis: int | None = None,
    cancelled: Callable[[], bool] = never,
) -> Change:
    """Fill the holes of regions, from the outside inwards.

    A hole is what has no way across voxel faces to the edge of the image but through the region
    (`scipy.ndimage.binary_fill_holes`). It becomes part of the region, and so of those outside
    of it. ET is no default: what a ring of ET encloses is, as a rule, necrosis.

    Parameters
    ----------
    canvas : Canvas
    regions : sequence of str
    axis : int, optional
        Look at every slice along this axis by itself (0: axial, in an axial array); left out,
        a hole is enclosed in 3D.
    cancelled : callable

    Raises
    ------
    BadInput
        There is no such region or axis.
    Cancelled
    """
    levels = sorted({canvas.nesting.level(region) for region in regions})
    how = "in 3D" if axis is None else f"in slices along axis {checked_axis(axis)}"
    said = f"Holes of {', '.join(regions)} filled {how}"
    window = canvas.extent()
    if window is None:
        return canvas.nothing(said)
    if axis is not None:  # other slices cannot matter
        low, high = canvas.within[axis].start, canvas.within[axis].stop
        own = slice(max(window[axis].start, low), min(window[axis].stop, high))
        if own.start >= own.stop:
            return canvas.nothing(said)
        z, y, x = (own if i == axis else s for i, s in enumerate(window))
        window = (z, y, x)
    depth = canvas.depth(window)
    for level in levels:
        stop_if(cancelled)
        holes = _holes(depth >= level, axis)
        np.maximum(depth, level, out=depth, where=holes)
    return canvas.change(window, depth, said)


def _holes(mask: NDArray[np.bool_], axis: int | None) -> NDArray[np.bool_]:
    """Return what a mask encloses; beyond the array there is nothing of it."""
    near = ndimage.generate_binary_structure(3, 1)
    around = [(1, 1)] * 3
    if axis is not None:
        around[axis] = (0, 0)
        near.swapaxes(0, axis)[[0, 2]] = False
    # One labelling of the rest: binary_fill_holes dilates voxel by voxel from the edge.
    parts, count = ndimage.label(np.pad(~mask, around, constant_values=True), near)
    enclosed = np.ones(count + 1, bool)
    enclosed[0] = False
    for each in range(3):
        if each != axis:
            for face in (0, -1):
                enclosed[np.unique(parts.take(face, each))] = False
    core = tuple(slice(a, -b if b else None) for a, b in around)
    holes: NDArray[np.bool_] = enclosed[parts[core]]
    return holes
