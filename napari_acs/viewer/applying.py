"""Make a correction in a Labels layer: one step of napari's undo, however large it is."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.viewer.same_voxels import same_voxels

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_acs.review.correct import Change

Places: TypeAlias = "tuple[NDArray[np.integer], ...]"
_AT_ONCE = 65_536
"""Voxels that napari is handed at once: what it makes of them then stays in the cache."""
_SHORT = np.iinfo(np.uint16).max


def places_of(change: Change, shape: tuple[int, ...]) -> Places:
    """Return the indices along each axis of an array of this shape, in as few bytes as they need.

    napari keeps them for its undo: a hundred steps of a million voxels are 0.8 GB, not 2.6.
    """
    return _short(change.indices, shape)


def apply(
    layer: Labels,
    change: Change,
    seen: NDArray[np.uint8] | None = None,
    places: Places | None = None,
    *,
    of_stroke: bool = False,
) -> None:
    """Make a change in a layer: one step of napari's undo.

    Parameters
    ----------
    layer : Labels
    change : Change
    seen : ndarray of uint8, optional
        The whole mask that the change was worked out for, or the layer's array itself. What the
        change says of its own voxels is not compared then: of a million that takes as long as to
        change them.
    places : tuple of ndarray of int, optional
        What `places_of` returns, if a worker has asked already.
    of_stroke : bool
        It is part of a step that goes on, and must not end it.

    Raises
    ------
    BadInput
        The mask is no longer that, or locked by now; nothing was changed.
    """
    labels, count = layer.data, len(change)
    if not layer.editable:
        raise BadInput(
            f"The layer {layer.name!r} was locked while this was worked out",
            do="Unlock it, and click again",
        )
    if count and int(change.indices[-1]) >= labels.size:
        raise _edited()
    if seen is None:
        places = places_of(change, labels.shape)
        same = np.array_equal(labels[places], change.before)
    else:
        same = labels is seen or same_voxels(labels, seen)
    if not same:
        raise _edited()
    with nullcontext() if of_stroke else layer.block_history():
        for begin in range(0, count, _AT_ONCE):
            end = begin + _AT_ONCE
            if places is not None:
                some: Places = tuple(axis[begin:end] for axis in places)
            else:
                some = _short(change.indices[begin:end], labels.shape)
            layer.data_setitem(some, change.after[begin:end], refresh=end >= count)


def _short(indices: NDArray[np.int64], shape: tuple[int, ...]) -> Places:
    kind = np.uint16 if max(shape, default=0) <= _SHORT else np.int64
    return tuple(axis.astype(kind, copy=False) for axis in np.unravel_index(indices, shape))


def _edited() -> BadInput:
    return BadInput(
        "The mask was edited while this was worked out, so the result was dropped",
        do="Click again",
    )
