"""Cut through a mask with an outline drawn in a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from skimage.measure import grid_points_in_poly

from napari_acs.errors import BadInput
from napari_acs.review.boxes import Box, checked_axis, common

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_acs.review.correct.canvas import Canvas
    from napari_acs.review.correct.change import Change
    from napari_acs.review.correct.ink import Ink


def cut(
    canvas: Canvas,
    axis: int,
    polygon: ArrayLike,
    ink: Ink,
    *,
    depth: tuple[int, int] | None = None,
    outside: bool = False,
) -> Change:
    """Put ink on all voxels that lie under an outline, seen along an axis.

    Parameters
    ----------
    canvas : Canvas
    axis : int
        Along which one looks: 0 is z.
    polygon : array, shape (n, 2)
        Corners as continuous voxel indices along the two other axes, in array order; it is closed
        by itself. Where it crosses itself, the even-odd rule says what is inside. Voxels whose
        centre is on the outline are inside.
    ink : Ink
        As a rule ``erase("WT")``.
    depth : tuple of int, optional
        First slice along the axis, and the one after the last. Left out: all.
    outside : bool
        Put it on what is not under the outline instead (in the same depth).

    Raises
    ------
    BadInput
        There is no such axis, fewer than three corners, or a depth outside the image.
    """
    height = canvas.shape[checked_axis(axis)]
    corners = np.asarray(polygon, np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise BadInput(
            "The outline encloses nothing",
            found=f"corners of shape {corners.shape}",
            expected="three or more corners (n, 2)",
            do="Draw around what is to be cut",
        )
    if not np.isfinite(corners).all():
        raise BadInput("The outline has a corner that is nowhere", do="Draw it again")
    start, stop = depth or (0, height)
    if not 0 <= start < stop <= height:
        raise BadInput(
            "The depth of the cut does not lie in the image",
            found=f"slices {start} to {stop}",
            expected=f"a part of 0 to {height}",
            do="Choose another depth",
        )
    side = "outside" if outside else "inside"
    said = ink.said(f"{side} an outline along axis {axis}, slices {start} to {stop - 1}")
    window = _window(canvas, axis, corners, (start, stop), outside)
    if window is not None and ink.table(canvas.nesting)[0] == 0:  # background stays
        around = canvas.extent()
        window = around and common(window, around)
    if window is None:
        return canvas.nothing(said)
    plane = [s for i, s in enumerate(window) if i != axis]
    under = _under(corners, plane)
    where = np.expand_dims(~under if outside else under, axis)
    return canvas.change(window, ink.on(canvas.depth(window), where, canvas.nesting), said)


def _window(
    canvas: Canvas,
    axis: int,
    corners: NDArray[np.float64],
    depth: tuple[int, int],
    outside: bool,
) -> Box | None:
    low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0)) + 1
    others = iter(range(2))
    bounds = []
    for i, n in enumerate(canvas.shape):
        if i == axis:
            bounds.append(slice(*depth))
        elif outside:
            bounds.append(slice(0, n))
        else:
            other = next(others)
            bounds.append(slice(int(max(0, low[other])), int(min(n, high[other]))))
    if any(s.start >= s.stop for s in bounds):
        return None
    return common((bounds[0], bounds[1], bounds[2]), canvas.within)


def _under(corners: NDArray[np.float64], plane: list[slice]) -> NDArray[np.bool_]:
    first = [s.start for s in plane]
    rows, columns = (s.stop - s.start for s in plane)
    under: NDArray[np.bool_] = grid_points_in_poly((rows, columns), corners - first)
    return under
