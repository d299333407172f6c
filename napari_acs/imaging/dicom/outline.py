"""Polygons along the edges of pixels, and back: exact both ways.

A contour through the centres of the border pixels (as OpenCV gives) makes every structure half a
pixel too small on all sides, and one of a single pixel vanishes. Along the edges, the area is the
number of pixels, and no pixel centre lies near a line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Point = tuple[float, float]

_BRIDGE = 0.25
"""Bridges to holes run this far beside a row's centre: off every corner and off every centre."""


def outlines(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Trace the pixels of a slice.

    Parameters
    ----------
    mask : ndarray of bool, shape (row, column)

    Returns
    -------
    list of ndarray, shape (n, 2)
        One closed polygon a connected region (by edges, not by corners), in x (column), y (row);
        pixel centres are whole numbers. Holes are joined to the outside by a bridge that runs
        there and back ("keyhole"), as DICOM asks of closed planar contours.
    """
    regions: list[list[Point]] = []
    holes: list[list[Point]] = []
    for loop in _loops(mask):
        (regions if _area(loop) > 0 else holes).append(loop)
    # From the left: whatever lies to the left of a hole has been joined to its region by then.
    for hole in sorted(holes, key=min):
        _join(regions, hole)
    return [np.array(region) for region in regions]


def fill(polygons: Iterable[NDArray[np.float64]], rows: int, columns: int) -> NDArray[np.bool_]:
    """Rasterise polygons by the even-odd rule: a pixel is inside if its centre is.

    Parameters
    ----------
    polygons : iterable of ndarray, shape (n, 2)
        Closed, in x (column), y (row); several overlap as exclusive or, so that a polygon inside
        another is a hole.
    """
    edges = [np.hstack([polygon, np.roll(polygon, -1, axis=0)]) for polygon in polygons]
    if not edges:
        return np.zeros((rows, columns), bool)
    x0, y0, x1, y1 = np.concatenate(edges).T
    # One direction for all, so that the two ways of a bridge cancel to the last bit.
    down = y0 > y1
    x0, y0, x1, y1 = (np.where(down, *pair) for pair in ((x1, x0), (y1, y0), (x0, x1), (y0, y1)))
    first = np.clip(np.ceil(y0), 0, rows).astype(int)
    count = np.clip(np.ceil(y1), 0, rows).astype(int) - first
    edge = np.repeat(np.arange(len(count)), count)
    y = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    x = x0[edge] + (x1 - x0)[edge] * (y - y0[edge]) / (y1 - y0)[edge]
    at = y * (columns + 1) + np.clip(np.ceil(x), 0, columns).astype(int)
    crossed = np.bincount(at, minlength=rows * (columns + 1)).reshape(rows, columns + 1)
    filled: NDArray[np.bool_] = np.cumsum(crossed[:, :columns], axis=1) % 2 == 1
    return filled


def area_and_centroid(polygon: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Measure a planar polygon in space, (n, 3), by triangles from its first point."""
    start = polygon[0]
    one, other = polygon[1:-1] - start, polygon[2:] - start
    cross = np.cross(one, other)
    whole = cross.sum(axis=0)
    length = float(np.linalg.norm(whole))
    if length == 0:
        return 0.0, start
    signed = cross @ (whole / length)
    return length / 2, start + ((one + other) * signed[:, None]).sum(axis=0) / (3 * length)


def _loops(mask: NDArray[np.bool_]) -> list[list[Point]]:
    """Return closed loops along pixel edges, the mask on their right hand as x and y are shown."""
    padded = np.pad(mask, 1)
    ahead: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def edges(where: NDArray[np.bool_], start: tuple[int, int], step: tuple[int, int]) -> None:
        for row, column in np.argwhere(where).tolist():
            # Corner (x, y) is that at x - 0.5, y - 0.5 of the unpadded slice.
            corner = (column - 1 + start[0], row - 1 + start[1])
            ahead.setdefault(corner, []).append((corner[0] + step[0], corner[1] + step[1]))

    up, down = np.roll(padded, 1, axis=0), np.roll(padded, -1, axis=0)
    left, right = np.roll(padded, 1, axis=1), np.roll(padded, -1, axis=1)
    edges(padded & ~up, (0, 0), (1, 0))
    edges(padded & ~right, (1, 0), (0, 1))
    edges(padded & ~down, (1, 1), (-1, 0))
    edges(padded & ~left, (0, 1), (0, -1))

    loops = []
    while ahead:
        loops.append(_follow(ahead))
    return loops


def _follow(ahead: dict[tuple[int, int], list[tuple[int, int]]]) -> list[Point]:
    """Take one closed loop out of the edges that are left, and return its corners."""
    start = next(iter(ahead))
    here, heading = start, (0, 0)
    away: tuple[int, int] | None = None
    loop: list[Point] = []
    while here in ahead:
        ways, right = ahead[here], (here[0] - heading[1], here[1] + heading[0])
        # Where two pixels touch at a corner, turn right, to stay with the same pixel; the loop
        # is closed where that is the way it began with.
        if here == start and right == away:
            break
        away = away or ways[0]
        way = right if right in ways and heading != (0, 0) else ways[0]
        ways.remove(way)
        if not ways:
            del ahead[here]
        step = (way[0] - here[0], way[1] - here[1])
        if step != heading:
            loop.append((here[0] - 0.5, here[1] - 0.5))
        here, heading = way, step
    return loop


def _area(loop: list[Point]) -> float:
    x, y = np.array(loop).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _join(regions: list[list[Point]], hole: list[Point]) -> None:
    """Join a hole to the polygon on its left, in place."""
    corner = hole.index(min(hole))
    x, top = hole[corner]
    # The hole's leftmost edge is vertical and ends at its topmost left corner, going up or down.
    y = top + 0.5 + _BRIDGE
    best: tuple[float, int, int] | None = None
    for number, region in enumerate(regions):
        for index, (x0, y0) in enumerate(region):
            x1, y1 = region[(index + 1) % len(region)]
            if x0 == x1 and x0 < x and min(y0, y1) < y < max(y0, y1):
                best = max(best or (x0, number, index), (x0, number, index))
    if best is None:
        raise ValueError("a hole outside every region")
    away, number, index = best
    before, after = hole[corner - 1], hole[(corner + 1) % len(hole)]
    # Enter the hole in the middle of its left edge, and go round it to the same point.
    if after[0] == x:
        ring = hole[corner + 1 :] + hole[: corner + 1]
    elif before[0] == x:
        ring = hole[corner:] + hole[:corner]
    else:
        raise ValueError("a hole without a left edge")
    regions[number][index + 1 : index + 1] = [(away, y), (x, y), *ring, (x, y), (away, y)]
