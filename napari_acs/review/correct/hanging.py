"""What hangs together with a voxel, in pieces that are short enough to be stopped."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.csgraph import connected_components

from napari_acs.imaging.cancel import never, stop_if

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AT_ONCE = 4_000_000
"""Voxels of a slab: a few hundredths of a second."""


def hanging_together(
    held: NDArray[np.bool_],
    at: tuple[int, int, int],
    *,
    cancelled: Callable[[], bool] = never,
) -> NDArray[np.bool_]:
    """Return the part of a set of voxels that hangs together with one of them across faces.

    Slab by slab along the first axis, each labelled by itself; then parts that touch between slabs
    are one. A flood that goes from voxel to voxel takes ten times as long, and cannot be stopped.

    Parameters
    ----------
    held : ndarray of bool, shape (z, y, x)
    at : tuple of int
        Index (z, y, x); where it is not in the set, nothing hangs together with it.
    cancelled : callable
        Asked before each slab.

    Returns
    -------
    ndarray of bool, shape (z, y, x)

    Raises
    ------
    Cancelled
    """
    if not held[at]:
        return np.zeros_like(held)
    thick = max(1, _AT_ONCE // max(1, held[0].size))
    slabs: list[NDArray[np.int32]] = []
    firsts = [0]  # number of the background of each slab; its parts follow
    for begin in range(0, len(held), thick):
        stop_if(cancelled)
        labels, count = ndimage.label(held[begin : begin + thick])
        slabs.append(labels)
        firsts.append(firsts[-1] + count + 1)
    joined = _joined(slabs, firsts)
    own = firsts[at[0] // thick] + slabs[at[0] // thick][at[0] % thick, at[1], at[2]]
    wanted = joined == joined[own]
    flooded = np.empty_like(held)
    for number, labels in enumerate(slabs):
        stop_if(cancelled)
        table = wanted[firsts[number] : firsts[number + 1]]
        flooded[number * thick : number * thick + len(labels)] = table[labels]
    return flooded


def _joined(slabs: list[NDArray[np.int32]], firsts: list[int]) -> NDArray[np.int32]:
    """Return for every part of every slab the number of what it hangs together with."""
    total = firsts[-1]
    keys = [np.empty(0, np.int64)]  # a pair as one number: those are told apart far faster
    for number, (before, after) in enumerate(pairwise(slabs)):
        upper, lower = before[-1], after[0]
        touch = (upper > 0) & (lower > 0)
        one = upper[touch].astype(np.int64) + firsts[number]
        keys.append(np.unique(one * total + lower[touch] + firsts[number + 1]))
    one, other = np.divmod(np.concatenate(keys), total)
    graph = sparse.coo_matrix((np.ones(len(one), bool), (one, other)), (total, total))
    _, numbers = connected_components(graph, directed=False)
    found: NDArray[np.int32] = numbers
    return found
