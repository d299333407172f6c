"""From a voxel of the screen's array to the same voxel of a mask on its grid, and exactly back.

A mask is shown in LPS order (see `napari_acs.viewer.display`), and is kept in its grid's own. Axes
are permuted and reversed, so an index of one array is a sum of strides of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging import from_lps, lps_grid, to_lps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid


@dataclass(frozen=True)
class ScreenOrder:
    """The order of the voxels of a grid on the screen."""

    grid: Grid

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the array on the screen, (z, y, x)."""
        return lps_grid(self.grid).shape

    def on_screen(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a copy of a mask (z, y, x on the grid) as it is shown."""
        return np.array(to_lps(labels, self.grid), order="C", copy=True)

    def off_screen(self, shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a copy of a shown array as it is kept."""
        return np.array(from_lps(shown, self.grid), order="C", copy=True)

    def kept(self, shown: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the indices (n,) into the flattened mask of those (n,) into the shown array."""
        empty = np.empty(self.grid.shape, np.uint8)  # nothing of it is touched, so it costs nothing
        return _through(empty, to_lps(empty, self.grid), shown)

    def shown(self, kept: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the indices (n,) into the flattened shown array of those (n,) into the mask."""
        empty = np.empty(self.shape, np.uint8)
        return _through(empty, from_lps(empty, self.grid), kept)

    def point_kept(self, shown: Sequence[int]) -> tuple[int, int, int]:
        """Return the index (z, y, x) into the mask of one into the shown array."""
        z, y, x = _moved(shown, self.shape, self.grid.shape, self.kept)
        return z, y, x

    def point_shown(self, kept: Sequence[int]) -> tuple[int, int, int]:
        """Return the index (z, y, x) into the shown array of one into the mask."""
        z, y, x = _moved(kept, self.grid.shape, self.shape, self.shown)
        return z, y, x


def _moved(
    point: Sequence[int],
    shape: tuple[int, int, int],
    other: tuple[int, int, int],
    way: Callable[[NDArray[np.int64]], NDArray[np.int64]],
) -> list[int]:
    flat = np.array([np.ravel_multi_index(tuple(point), shape)])
    return [int(i[0]) for i in np.unravel_index(way(flat), other)]


def _through(
    whole: NDArray[np.uint8], view: NDArray[np.uint8], indices: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return where the voxels of a view lie in the array that it is a view of."""
    begin = view.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    at = np.unravel_index(indices, view.shape)
    steps = view.strides  # in bytes, which are voxels here
    return np.asarray(begin + sum(i * s for i, s in zip(at, steps, strict=True)), np.int64)
