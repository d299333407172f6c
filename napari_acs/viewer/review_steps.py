"""How many steps of a session lead from its mask to what is on the screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AT_LEAST = 8
_MOST_VOXELS = 4_000_000
"""Steps beyond the first ones are looked at until they are that many voxels: half a second."""


def steps_to(
    now: NDArray[np.uint8],
    at: NDArray[np.int64],
    labels: NDArray[np.uint8],
    steps: Iterable[tuple[NDArray[np.int64], NDArray[np.uint8]]],
) -> int:
    """Return how many steps, one after the other, make just this change; 0 if none do.

    Parameters
    ----------
    now : ndarray of uint8, shape (n)
        The mask before, flattened.
    at : ndarray of int64, shape (m)
        Where it is to be another, ascending.
    labels : ndarray of uint8, shape (m)
        What it is there.
    steps : iterable of (indices, labels)
        What each sets, the next one first; read as far as needed.
    """
    wanted, made = now.copy(), now.copy()
    wanted[at] = labels
    wrong, seen = int(np.count_nonzero(wanted[at] != made[at])), 0
    for times, (indices, new) in enumerate(steps, 1):
        goal = wanted[indices]
        wrong += int(np.count_nonzero(new != goal)) - int(np.count_nonzero(made[indices] != goal))
        made[indices] = new
        seen += len(indices)
        if not wrong:
            return times
        if times >= _AT_LEAST and seen > _MOST_VOXELS:
            break
    return 0
