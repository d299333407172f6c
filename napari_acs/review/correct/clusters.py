"""Work where there is something of a mask: near tumours, not in the empty head between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_acs.review.boxes import Box, Shape, bounding_box, common, grown, moved

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 8
"""Side in voxels of the blocks in which a mask is looked at first."""


def near_mask(
    mask: NDArray[np.bool_],
    reach: Shape,
    work: Callable[[NDArray[np.bool_]], NDArray[np.bool_]],
    apart: Shape | None = None,
) -> NDArray[np.bool_]:
    """Do work on the boxes around a mask's clusters instead of on all of it.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
    reach : Shape
        How many voxels around the mask work needs to see; its result is False beyond.
    work : callable
        From a part of the mask to a result of the same shape.
    apart : Shape, optional
        Clusters are further apart than twice that, the reach at least. Left out: the reach.

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    made = np.zeros_like(mask)
    for box, own in _clusters(mask, reach, apart or reach):
        result = work(mask[box])
        made[box] |= result if own is None else result & own
    return made


def _clusters(
    mask: NDArray[np.bool_], reach: Shape, apart: Shape
) -> Iterator[tuple[Box, NDArray[np.bool_] | None]]:
    """Find boxes around clusters, and which of their voxels are the cluster's; None if all."""
    z, y, x = mask.shape
    blocks = mask
    for axis, n in enumerate(mask.shape):
        blocks = np.logical_or.reduceat(blocks, np.arange(0, n, _BLOCK), axis=axis)
    by = [2 * -(-voxels // _BLOCK) + 1 for voxels in apart]
    near = ndimage.maximum_filter(blocks.view(np.uint8), by, mode="constant")
    numbers, count = ndimage.label(near, np.ones((3, 3, 3)))
    for number, place in enumerate(ndimage.find_objects(numbers), start=1):
        a, b, c = (
            slice(s.start * _BLOCK, min(n, s.stop * _BLOCK))
            for s, n in zip(place, mask.shape, strict=True)
        )
        found = bounding_box(mask[a, b, c].view(np.uint8))
        if found is None:  # not reached: there is a block of it
            continue
        box = common(grown(moved(found, (a, b, c)), reach, (z, y, x)), (a, b, c)) or (a, b, c)
        own = None if count == 1 else _in_blocks(numbers, box) == number
        yield box, own


def _in_blocks(numbers: NDArray[np.int32], box: Box) -> NDArray[np.int32]:
    """Return the number of the block of every voxel of a box."""
    at = [np.arange(s.start, s.stop) // _BLOCK for s in box]
    found: NDArray[np.int32] = numbers[np.ix_(*at)]
    return found
