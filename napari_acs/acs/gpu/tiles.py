"""Cut an ACS layer into tiles of output channels, each with the list of voxels it reads.

A *tap* is a voxel that a kernel reads, as its displacement (dz, dy, dx) from ``output * stride``;
the padding is in it. A tile holds consecutive output channels and the taps that any of them
needs; where a channel does not look at a tap of its tile, the packed weight is zero. Two ways to
cut are worth having:

*apart*: every tile stays inside one plane's channels and has the k*k taps of that plane. No
multiplication by zero, but 22 channels fill a tile of 32.

*across*: tiles run on over the borders of the planes. A tile that touches two planes of a 3x3
layer has 15 taps, one that touches all three 19 and not 27, since the planes share the axes: fewer
voxels are read, and no lane is empty, for some multiplications by zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd

from napari_acs.acs.geometry import PLANES, KernelGeometry, on_volume, plane_margins
from napari_acs.acs.split import Split

Tap = tuple[int, int, int]
"""Displacement along z, y, x from an output voxel's ``index * stride``."""


@dataclass(frozen=True)
class Tile:
    """Consecutive output channels that one program computes, and the taps they need.

    Attributes
    ----------
    first, channels : int
        The first output channel, and how many.
    taps : tuple of Tap
        In the order of the packed weights.
    """

    first: int
    channels: int
    taps: tuple[Tap, ...]


def plane_taps(geometry: KernelGeometry, plane: str) -> dict[Tap, tuple[int, int]]:
    """Return the taps of a plane's kernels, each with its row and column in the 2D kernel."""
    lows = [low for low, _ in plane_margins(geometry, plane)]
    taps = {}
    for row in range(geometry.kernel[0]):
        for column in range(geometry.kernel[1]):
            place = row * geometry.dilation[0], column * geometry.dilation[1]
            z, y, x = (a - low for a, low in zip(on_volume(place, plane, 0), lows, strict=True))
            taps[z, y, x] = (row, column)
    return taps


def channel_planes(split: Split) -> tuple[str, ...]:
    """Return the plane of every output channel."""
    return tuple(p for p, count in zip(PLANES, split, strict=True) for _ in range(count))


def cut(geometry: KernelGeometry, split: Split, width: int, *, across: bool) -> tuple[Tile, ...]:
    """Cut a layer's output channels into tiles of at most ``width``.

    Parameters
    ----------
    geometry : KernelGeometry
    split : tuple of int
        Output channels of the axial, coronal and sagittal group.
    width : int
        Channels that a tile has room for.
    across : bool
        Whether a tile may run over the border between two planes.
    """
    planes = channel_planes(split)
    tiles = []
    for first, stop in _ranges(split, width, across):
        seen = {tap for plane in set(planes[first:stop]) for tap in plane_taps(geometry, plane)}
        tiles.append(Tile(first, stop - first, tuple(sorted(seen))))
    return tuple(tiles)


def _ranges(split: Split, width: int, across: bool) -> Iterator[tuple[int, int]]:
    start = 0
    for channels in (sum(split),) if across else split:
        stop = start + channels
        for first in range(start, stop, width):
            yield first, min(first + width, stop)
        start = stop


@dataclass(frozen=True)
class Codes:
    """The taps of all tiles in so few bits that a program finds them by arithmetic.

    Attributes
    ----------
    base, step : Tap
        Along z, y, x, for the whole layer.
    words : tuple of (int, int, int)
        A tile's codes. Bits ``2 t`` and ``2 t + 1`` say how many steps tap ``t`` is from the base.
    """

    base: Tap
    step: Tap
    words: tuple[tuple[int, int, int], ...]


def encode(tiles: tuple[Tile, ...]) -> Codes | None:
    """Return the codes of a layer's taps; None where two bits an axis or 31 taps are too few."""
    axes = list(zip(*{tap for tile in tiles for tap in tile.taps}, strict=True))
    base = [min(places) for places in axes]
    step = [gcd(*(a - low for a in places)) or 1 for places, low in zip(axes, base, strict=True)]
    words = []
    for tile in tiles:
        if len(tile.taps) > 31:
            return None
        word = [0, 0, 0]
        for t, tap in enumerate(tile.taps):
            for axis in range(3):
                digit = (tap[axis] - base[axis]) // step[axis]
                if digit > 3:
                    return None
                word[axis] |= digit << (2 * t)
        words.append((word[0], word[1], word[2]))
    return Codes((base[0], base[1], base[2]), (step[0], step[1], step[2]), tuple(words))


def output_size(geometry: KernelGeometry, size: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the output's sides along z, y, x; below 1 where the input is too small."""
    sides = []
    strides = geometry.stride[0], geometry.stride[0], geometry.stride[1]
    for side, lead, stride in zip(size, geometry.leading(), strides, strict=True):
        spare = sum(geometry.padding[lead]) - sum(geometry.reach(lead))
        sides.append((side + spare - 1) // stride + 1)
    z, y, x = sides
    return z, y, x
