"""What is in an array that holds little: a copy that takes little memory, and no time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Part = tuple[tuple[slice, ...], "NDArray[Any]"]


@dataclass(frozen=True, eq=False)
class Marked:
    """An array by its values that are not 0.

    A whole copy of a mask of 512 x 512 x 300 voxels has held a window up for 0.2 s: its memory is
    new. A mask is empty but for a tumour in some of its slices.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy dtype
    turned : tuple of slice
        Steps of 1 and -1: the axes that run backwards in memory.
    parts : tuple of (tuple of slice, ndarray)
        Places, with those axes turned, that hold all that is not 0, and copies of what is there.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    turned: tuple[slice, ...]
    parts: tuple[Part, ...] = field(repr=False)

    @classmethod
    def of(cls, array: NDArray[Any]) -> Marked:
        """Return what is in an array now, of any shape, dtype and order in memory."""
        # numpy goes through what runs backwards at a tenth of the speed.
        turned = tuple(slice(None, None, -1 if step < 0 else 1) for step in array.strides)
        return cls(array.shape, array.dtype, turned, tuple(_parts(array[turned])))

    def whole(self) -> NDArray[Any]:
        """Return the array as it was, read-only."""
        array = np.zeros(self.shape, self.dtype)
        for place, values in self.parts:
            array[place] = values
        array.setflags(write=False)
        return array[self.turned]

    @property
    def nbytes(self) -> int:
        """How much memory the copies take."""
        return sum(values.nbytes for _, values in self.parts)


def _parts(array: NDArray[Any]) -> Iterator[Part]:
    if not array.size:
        return
    # Along the axis whose slices lie in one piece: of others each would go through all memory.
    lead = int(np.argmax(array.strides))
    for index in range(array.shape[lead]):
        place = [slice(None)] * array.ndim
        place[lead] = slice(index, index + 1)
        if not array[tuple(place)].any():
            continue
        for axis in {*range(array.ndim)} - {lead}:
            others = tuple({*range(array.ndim)} - {axis})
            there = np.flatnonzero(array[tuple(place)].any(axis=others))
            place[axis] = slice(int(there[0]), int(there[-1]) + 1)
        yield tuple(place), array[tuple(place)].copy()
