"""The separate parts of a region: list them, drop the small ones, keep the largest."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.review.boxes import Box, common, moved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.correct.canvas import Canvas
    from napari_acs.review.correct.change import Change

_TOUCHING = np.ones((3, 3, 3), bool)
"""Voxels hang together across faces, edges and corners, as when a prediction is cleaned."""
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Island:
    """One part of a region.

    Attributes
    ----------
    region : str
    voxels : int
    ml : float
    centroid : tuple of float
        Continuous voxel index (z, y, x).
    box : Box
        Smallest box around it, in the array.
    """

    region: str
    voxels: int
    ml: float
    centroid: tuple[float, float, float]
    box: Box


@dataclass(frozen=True, eq=False)
class _Parts:
    """Parts of a region in a window: their numbers from 1, and voxels by number (of 0: none)."""

    window: Box
    numbers: NDArray[np.int32]
    at: NDArray[np.bool_]
    sizes: NDArray[np.int64]


def find_islands(
    canvas: Canvas,
    region: str,
    *,
    under_ml: float = math.inf,
    cancelled: Callable[[], bool] = never,
) -> tuple[Island, ...]:
    """List the parts of a region that lie, if only partly, in the canvas's box.

    Parameters
    ----------
    canvas : Canvas
    region : str
    under_ml : float
        Only those smaller than this: what `remove_islands` would take.
    cancelled : callable

    Returns
    -------
    tuple of Island
        The largest first; of each the whole volume, in the box or not.

    Raises
    ------
    BadInput
        There is no such region, or the limit is no volume.
    Cancelled
    """
    parts = _parts(canvas, region, cancelled)
    if parts is None:
        return ()
    small = _under(parts.sizes, under_ml, canvas.voxel_ml)
    at, of = np.nonzero(parts.at), parts.numbers[parts.at]
    sums = [np.bincount(of, axis, minlength=len(parts.sizes)) for axis in at]
    islands = []
    stop_if(cancelled)
    for number, place in enumerate(ndimage.find_objects(parts.numbers), start=1):
        box = moved(place, parts.window)
        if not small[number] or common(box, canvas.within) is None:
            continue
        voxels = int(parts.sizes[number])
        z, y, x = (
            float(total[number] / voxels) + s.start
            for total, s in zip(sums, parts.window, strict=True)
        )
        islands.append(Island(region, voxels, voxels * canvas.voxel_ml, (z, y, x), box))
    return tuple(sorted(islands, key=lambda island: (-island.voxels, island.centroid)))


def remove_islands(
    canvas: Canvas, region: str, under_ml: float, *, cancelled: Callable[[], bool] = never
) -> Change:
    """Give up the parts of a region that are smaller than a volume.

    They take the label of the next outer region (of ET: core, of TC: oedema, of WT:
    background), and what lies inside goes with them.

    Parameters
    ----------
    canvas : Canvas
    region : str
    under_ml : float
        A part of just this volume stays.
    cancelled : callable

    Raises
    ------
    BadInput
        There is no such region, or the limit is no volume.
    Cancelled
    """
    said = f"Parts of {region} under {under_ml:g} ml removed"
    parts = _parts(canvas, region, cancelled)
    if parts is None:
        return canvas.nothing(said)
    small = _under(parts.sizes, under_ml, canvas.voxel_ml)
    stop_if(cancelled)
    return _without(canvas, region, parts, small, said)


def keep_largest(canvas: Canvas, region: str, *, cancelled: Callable[[], bool] = never) -> Change:
    """Give up all parts of a region but the largest; of equally large ones all stay.

    Parameters
    ----------
    canvas : Canvas
    region : str
    cancelled : callable

    Raises
    ------
    BadInput
        There is no such region.
    Cancelled
    """
    said = f"All but the largest part of {region} removed"
    parts = _parts(canvas, region, cancelled)
    if parts is None:
        return canvas.nothing(said)
    small = parts.sizes < parts.sizes[1:].max()
    small[0] = False
    stop_if(cancelled)
    return _without(canvas, region, parts, small, said)


def _parts(canvas: Canvas, region: str, cancelled: Callable[[], bool]) -> _Parts | None:
    level = canvas.nesting.level(region)
    window = canvas.extent(level)
    if window is None:
        return None
    at = canvas.depth(window) >= level
    stop_if(cancelled)
    numbers, count = ndimage.label(at, _TOUCHING)
    stop_if(cancelled)
    # Of the whole window numpy would first make a copy of 64 bits, and hold on to the interpreter
    # while it counts: the window, in another thread, would stand.
    return _Parts(window, numbers, at, np.bincount(numbers[at], minlength=count + 1))


def _under(sizes: NDArray[np.int64], limit_ml: float, voxel_ml: float) -> NDArray[np.bool_]:
    if not limit_ml > 0:
        raise BadInput(
            "The smallest volume that stays is no volume",
            found=f"{limit_ml:g} ml",
            expected="a number of ml above 0",
            do="Enter a larger number",
        )
    small: NDArray[np.bool_] = sizes < limit_ml / voxel_ml - _ROUNDING
    small[0] = False
    return small


def _without(
    canvas: Canvas, region: str, parts: _Parts, lost: NDArray[np.bool_], said: str
) -> Change:
    depth = canvas.depth(parts.window)
    level = canvas.nesting.level(region)
    np.minimum(depth, level - 1, out=depth, where=lost[parts.numbers])
    return canvas.change(parts.window, depth, said)
