"""Copy what is drawn in one slice to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_acs.review.boxes import slice_box

if TYPE_CHECKING:
    from napari_acs.review.correct.canvas import Canvas
    from napari_acs.review.correct.change import Change


def copy_slice(canvas: Canvas, axis: int, source: int, target: int, *, add: bool = False) -> Change:
    """Give a slice the labels of another one.

    Parameters
    ----------
    canvas : Canvas
    axis : int
        Of the array: 0 is z.
    source, target : int
        Indices of the slices.
    add : bool
        Keep what the target has, where that is further in; left out, it is replaced.

    Raises
    ------
    BadInput
        There is no such axis or slice.
    """
    window = slice_box(canvas.shape, axis, target)
    depth = canvas.depth(slice_box(canvas.shape, axis, source))
    if add:
        depth = np.maximum(depth, canvas.depth(window))
    how = "added to" if add else "copied to"
    return canvas.change(window, depth, f"Slice {source} {how} slice {target} along axis {axis}")
