"""Put ink on voxels of a window, in slabs that stay in a processor's cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.review.boxes import Box, common

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.correct.canvas import Canvas
    from napari_acs.review.correct.change import Change
    from napari_acs.review.correct.ink import Ink
    from napari_acs.review.correct.nesting import Nesting

_AT_ONCE = 32_768
_UNKNOWN = 255


def inked(
    canvas: Canvas, window: Box, touched: Callable[[Box], NDArray[np.bool_]], ink: Ink, said: str
) -> Change:
    """Return the change that ink makes on the voxels that are touched, in the canvas's box.

    A brush of 30 mm looks at a million voxels with every move of the mouse: as one array each step
    of it goes through memory, which takes several times as long.

    Parameters
    ----------
    canvas : Canvas
    window : Box
        Beyond it nothing is touched.
    touched : callable
        Returns for a part of the window which of its voxels are.
    ink : Ink
    said : str
        What was done; how much changed is added.

    Raises
    ------
    BadInput
        A voxel that is touched has a label that belongs to no region.
    """
    part = common(window, canvas.within)
    if part is None:
        return canvas.nothing(said)
    table = _labels_after(ink, canvas.nesting)
    found: list[tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]] = []
    for slab in _slabs(part):
        on = touched(slab)
        before = canvas.labels[slab]
        after = table[before]
        on &= after != before
        if not on.any():
            continue
        labels, made = before[on], after[on]
        if made.max() == _UNKNOWN:
            canvas.nesting.depth(labels)  # which says what is wrong with them
        found.append((_indices(slab, canvas.shape)[on], labels, made))
    if not found:
        return canvas.nothing(said)
    indices, labels, made = (np.concatenate(each) for each in zip(*found, strict=True))
    return canvas.changed(indices, labels, made, said)


def _labels_after(ink: Ink, nesting: Nesting) -> NDArray[np.uint8]:
    """Return what becomes of every label; of those that belong to no region, that."""
    table = np.full(256, _UNKNOWN, np.uint8)
    known = np.array([0, *nesting.values], np.uint8)
    table[known] = known[ink.table(nesting)]
    return table


def _slabs(part: Box) -> Iterator[Box]:
    """Part a box along its first axis."""
    z, y, x = part
    thick = max(1, _AT_ONCE // ((y.stop - y.start) * (x.stop - x.start)))
    for begin in range(z.start, z.stop, thick):
        yield slice(begin, min(begin + thick, z.stop)), y, x


def _indices(box: Box, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """Return the index of every voxel of a box in the flattened array."""
    z, y, x = np.ogrid[box]
    flat: NDArray[np.int64] = (z * shape[1] + y) * shape[2] + x
    return flat
