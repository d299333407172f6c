"""Mean and variance of maps that come one after the other, without keeping them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Maps = NDArray[np.float32]


class Moments:
    """The mean and the variance of all maps so far (Chan, Golub and LeVeque 1983).

    Three maps are in memory at most, whatever the number that came.
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean: Maps | None = None
        self._squares: Maps | None = None

    @property
    def mean(self) -> Maps:
        """The mean, shape (r, z, y, x)."""
        if self._mean is None:
            raise ValueError("nothing was added")
        return self._mean

    @property
    def variance(self) -> Maps | None:
        """The variance (of the maps themselves: divided by their number); None of a single map."""
        return None if self._squares is None else self._squares / np.float32(self.count)

    def add(self, mean: Maps, variance: Maps | None = None, count: int = 1) -> None:
        """Add a map, or what came of ``count`` others; the array may be taken over and changed.

        Parameters
        ----------
        mean : ndarray of float32, shape (r, z, y, x)
        variance : ndarray of float32, shape (r, z, y, x), optional
            0 when left out.
        count : int
        """
        before, self.count = self.count, self.count + count
        if self._mean is None:
            self._mean = mean
            self._squares = None if variance is None else variance * np.float32(count)
            return
        if self._squares is None:
            self._squares = np.zeros_like(self._mean)
        if variance is not None:
            self._squares += variance * np.float32(count)
        apart = mean - self._mean
        self._mean += apart * np.float32(count / self.count)
        apart *= apart
        apart *= np.float32(before * count / self.count)
        self._squares += apart
