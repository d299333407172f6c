"""Boxes of an array: around what is labelled, larger by some mm, within each other."""

from __future__ import annotations

import operator
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Shape = tuple[int, int, int]
Box = tuple[slice, slice, slice]
"""Slices along (z, y, x), step one."""


def whole(shape: Shape) -> Box:
    """Return the box of a whole array."""
    z, y, x = (slice(0, n) for n in shape)
    return z, y, x


def checked_axis(axis: int) -> int:
    """Return an axis of the array.

    Raises
    ------
    BadInput
        There is no such axis.
    """
    if axis not in (0, 1, 2):
        raise BadInput(f"There is no axis {axis}", expected="0, 1 or 2 (z, y, x)")
    return axis


def slice_box(shape: Shape, axis: int, index: int) -> Box:
    """Return the box of one slice.

    Raises
    ------
    BadInput
        There is no such axis or slice.
    """
    if not 0 <= index < shape[checked_axis(axis)]:
        raise BadInput(
            f"There is no slice {index} along axis {axis}",
            expected=f"0 to {shape[axis] - 1}",
            do="Choose another slice",
        )
    z, y, x = (slice(index, index + 1) if i == axis else slice(0, n) for i, n in enumerate(shape))
    return z, y, x


def checked(box: Sequence[slice], shape: Shape) -> Box:
    """Return a box with whole bounds.

    Raises
    ------
    BadInput
        The box is empty, reaches beyond the array, or has steps.
    """
    try:
        bounds = [
            (s.start or 0, n if s.stop is None else s.stop) for s, n in zip(box, shape, strict=True)
        ]
        pairs = [(operator.index(a), operator.index(b)) for a, b in bounds]
        fits = all(0 <= a < b <= n for (a, b), n in zip(pairs, shape, strict=True))
        plain = all(s.step in (None, 1) for s in box)
    except (AttributeError, TypeError, ValueError):
        fits = plain = False
    if not (fits and plain):
        raise BadInput(
            "The box to work in does not lie in the image",
            found=str(box),
            expected=f"three slices with step 1 within {shape} (z, y, x)",
            do="Draw the box anew, within the image",
        )
    z, y, x = (slice(a, b) for a, b in pairs)
    return z, y, x


def bounding_box(array: NDArray[Any]) -> Box | None:
    """Return the smallest box with all voxels that are not 0, None where there are none.

    Along one axis after the other, on what is left: a whole head takes milliseconds.
    """
    if not array.size:
        return None
    # Maxima are the faster, but miss what is negative.
    largest = np.max if array.dtype.kind in "bu" else np.any
    found = list(whole(_shape(array)))
    for axis in range(3):
        others = tuple({0, 1, 2} - {axis})
        at = np.flatnonzero(largest(array[tuple(found)], axis=others))
        if not len(at):
            return None
        found[axis] = slice(int(at[0]), int(at[-1]) + 1)
    z, y, x = found
    return z, y, x


def around(boxes: Sequence[Box]) -> Box | None:
    """Return the smallest box that holds all of these, None for none."""
    if not boxes:
        return None
    z, y, x = (
        slice(min(box[axis].start for box in boxes), max(box[axis].stop for box in boxes))
        for axis in range(3)
    )
    return z, y, x


def margin(mm: float, spacing: Sequence[float]) -> Shape:
    """Return how many voxels along (z, y, x) a distance in mm reaches at most."""
    z, y, x = (ceil(mm / side + 1e-6) for side in spacing)
    return z, y, x


def grown(box: Box, by: Shape, shape: Shape) -> Box:
    """Return a box that is larger by so many voxels on every side, within the array."""
    z, y, x = (
        slice(max(0, s.start - m), min(n, s.stop + m))
        for s, m, n in zip(box, by, shape, strict=True)
    )
    return z, y, x


def common(a: Box, b: Box) -> Box | None:
    """Return what two boxes share, None if nothing."""
    z, y, x = (slice(max(s.start, t.start), min(s.stop, t.stop)) for s, t in zip(a, b, strict=True))
    return None if any(s.start >= s.stop for s in (z, y, x)) else (z, y, x)


def inside(inner: Box, outer: Box) -> Box:
    """Return where an inner box lies in the array of an outer one."""
    z, y, x = (
        slice(s.start - t.start, s.stop - t.start) for s, t in zip(inner, outer, strict=True)
    )
    return z, y, x


def moved(box: Box, outer: Box) -> Box:
    """Return a box that was found in the array of an outer one, in the whole array."""
    z, y, x = (slice(s.start + t.start, s.stop + t.start) for s, t in zip(box, outer, strict=True))
    return z, y, x


def _shape(array: NDArray[Any]) -> Shape:
    z, y, x = array.shape
    return z, y, x
