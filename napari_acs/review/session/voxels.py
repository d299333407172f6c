"""Masks and strokes as bytes: a whole mask by its box, a stroke by the voxels that it changed."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_LEVEL = 1
"""Of zlib. A 240x240x155 tumour mask: level 6 takes 14 ms, not 3, for two fifths fewer bytes."""
_MASK, _DELTA = b"ACSM", b"ACSD"
_BOX = struct.Struct("<4s6I")
_COUNT = struct.Struct("<4sI")


class DamagedVoxels(ValueError):
    """Bytes that are not what `encode_mask` or `encode_delta` has written."""


@dataclass(frozen=True, eq=False)
class Delta:
    """What a stroke changed.

    Attributes
    ----------
    indices : ndarray of int64, shape (n,)
        Into the flattened (z, y, x) array, ascending, each once.
    old, new : ndarray of uint8, shape (n,)
        Labels before and after; they differ everywhere.
    """

    indices: NDArray[np.int64]
    old: NDArray[np.uint8]
    new: NDArray[np.uint8]

    @property
    def growth(self) -> int:
        """By how many voxels the labelled part grew."""
        return int(np.count_nonzero(self.new)) - int(np.count_nonzero(self.old))

    def reversed(self) -> Delta:
        """Return the delta that takes this one back."""
        return Delta(self.indices, self.new, self.old)


def delta_to(array: NDArray[np.uint8], indices: ArrayLike, labels: ArrayLike) -> Delta:
    """Return what changes where labels are put into a mask.

    Parameters
    ----------
    array : ndarray of uint8, shape (z, y, x)
        The mask as it is.
    indices : array of int, shape (n,)
        Into the flattened array, in any order; of one that comes several times the last counts.
    labels : int, or array of int, shape (n,)
        0 to 255.

    Raises
    ------
    ValueError
        An index outside the array, or a label that is no whole number from 0 to 255.
    """
    at = np.asarray(indices, np.int64).ravel()
    given = np.broadcast_to(np.asarray(labels), at.shape)
    if given.dtype.kind not in "iub" or (given.size and not 0 <= given.min() <= given.max() <= 255):
        raise ValueError("labels that are no whole numbers from 0 to 255")
    if at.size and not 0 <= at.min() <= at.max() < array.size:
        raise ValueError("a voxel outside the mask")
    if at.size > 1 and not (np.diff(at) > 0).all():
        at, first = np.unique(at[::-1], return_index=True)
        given = given[::-1][first]
    new = given.astype(np.uint8)
    old = array.reshape(-1)[at]
    changed = old != new
    return Delta(at[changed], old[changed], new[changed])


def delta_between(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Delta:
    """Return the delta from one mask to another of the same shape (z, y, x)."""
    at = np.flatnonzero(before != after)
    return Delta(at, before.reshape(-1)[at], after.reshape(-1)[at])


def apply_delta(array: NDArray[np.uint8], delta: Delta) -> None:
    """Change a mask in place, unless it is not the one that the delta was made on.

    Raises
    ------
    DamagedVoxels
        An index outside the mask, or a voxel that is not as it was; nothing is changed then.
    """
    flat = array.reshape(-1)
    if delta.indices.size and delta.indices[-1] >= flat.size:
        raise DamagedVoxels("a voxel outside the mask")
    if not np.array_equal(flat[delta.indices], delta.old):
        raise DamagedVoxels("voxels that are not as they were before")
    flat[delta.indices] = delta.new


def encode_delta(delta: Delta) -> bytes:
    """Pack a delta."""
    steps = np.diff(delta.indices, prepend=0).astype("<u4")
    # Byte planes: neighbouring voxels make the upper three of them zeros.
    planes = steps.view(np.uint8).reshape(-1, 4).T.tobytes()
    packed = zlib.compress(planes + delta.old.tobytes() + delta.new.tobytes(), _LEVEL)
    return _COUNT.pack(_DELTA, delta.indices.size) + packed


def decode_delta(content: bytes) -> Delta:
    """Unpack a delta.

    Raises
    ------
    DamagedVoxels
    """
    count = int(_header(content, _COUNT, _DELTA)[0])
    raw = np.frombuffer(_unpack(content[_COUNT.size :], 6 * count), np.uint8)
    steps = np.ascontiguousarray(raw[: 4 * count].reshape(4, count).T).view("<u4")
    indices = np.cumsum(steps.reshape(-1), dtype=np.int64)
    if count > 1 and not (np.diff(indices) > 0).all():
        raise DamagedVoxels("voxels out of order")
    return Delta(indices, raw[4 * count : 5 * count], raw[5 * count :])


def encode_mask(array: NDArray[np.uint8]) -> bytes:
    """Pack a mask of shape (z, y, x): the box around its labels, compressed."""
    box = _box(array)
    corners = [n for part in box for n in (part.start, part.stop)]
    return _BOX.pack(_MASK, *corners) + zlib.compress(array[box].tobytes(), _LEVEL)


def decode_mask(content: bytes, shape: Sequence[int]) -> NDArray[np.uint8]:
    """Unpack a mask.

    Raises
    ------
    DamagedVoxels
        Also where it does not fit the shape (z, y, x).
    """
    numbers = _header(content, _BOX, _MASK)
    ranges = list(zip(numbers[::2], numbers[1::2], strict=True))
    if any(not a <= b <= n for (a, b), n in zip(ranges, shape, strict=True)):
        raise DamagedVoxels("a box outside the mask")
    box = tuple(slice(a, b) for a, b in ranges)
    sizes = [b - a for a, b in ranges]
    raw = _unpack(content[_BOX.size :], math.prod(sizes))
    array = np.zeros(tuple(shape), np.uint8)
    array[box] = np.frombuffer(raw, np.uint8).reshape(sizes)
    return array


def _box(array: NDArray[np.uint8]) -> tuple[slice, ...]:
    # Slices first, which are contiguous: 1.5 ms where ndimage.find_objects takes 40.
    z = _span(array.any(axis=(1, 2)))
    seen: Any = array[z].any(axis=0)
    return z, _span(seen.any(axis=1)), _span(seen.any(axis=0))


def _span(there: Any) -> slice:
    at = np.flatnonzero(there)
    return slice(int(at[0]), int(at[-1]) + 1) if at.size else slice(0, 0)


def _header(content: bytes, form: struct.Struct, mark: bytes) -> tuple[int, ...]:
    if len(content) < form.size:
        raise DamagedVoxels("voxels that are missing or cut short")
    found, *numbers = form.unpack_from(content)
    if found != mark:
        raise DamagedVoxels("bytes of another kind")
    return tuple(numbers)


def _unpack(packed: bytes, size: int) -> bytes:
    machine = zlib.decompressobj()
    try:
        raw = machine.decompress(packed, size + 1)  # a forged stream may grow without end
    except zlib.error as error:
        raise DamagedVoxels("voxels that cannot be unpacked") from error
    if len(raw) != size or not machine.eof:
        raise DamagedVoxels("more or fewer voxels than it says")
    return raw
