"""Other thresholds for a mask that is being edited: no edit is lost, and undo takes them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging import from_lps, lps_grid
from napari_acs.imaging.orient import lps_axes
from napari_acs.viewer.info import KEY, info_in

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_acs.imaging import Grid

_HISTORY = 100
"""Steps that napari's undo goes back."""

Box = tuple[slice, slice, slice]
Thresholds = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class _Step:
    """One entry of the layer's undo history: ``where`` are flat indices in the box (z, y, x)."""

    where: NDArray[np.intp]
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    old: Thresholds
    new: Thresholds
    kept: NDArray[np.intp]


class Rethreshold:
    """Relabels a Labels layer at other thresholds, where it still is what the model said.

    A voxel that is not what the model says at the present thresholds was edited by hand: once a
    threshold would change it, it is kept as it is, whatever the thresholds do later. `preview`
    writes to the layer's array alone; `settle` makes one entry of napari's undo history of all
    previews before it. napari tells nobody of an undo, so `look` finds out, by comparing, whether
    such an entry was undone or redone.

    Parameters
    ----------
    layer : Labels
        On ``grid`` as `napari_acs.viewer.display` places it.
    grid : Grid
    box : tuple of slice
        Of ``grid``'s array (z, y, x): where thresholds can change anything.
    labels : ndarray of uint8, shape (z, y, x)
        As the model made them at ``thresholds``, on the whole grid.
    labels_at : callable
        Thresholds to the label map in the box, shape (z, y, x), in the order of ``grid``.
    thresholds : mapping of str to float
        Of every region.
    record_at : callable, optional
        Thresholds to what else the record of the mask says of them.
    """

    def __init__(
        self,
        layer: Labels,
        grid: Grid,
        box: Box,
        labels: NDArray[np.uint8],
        labels_at: Callable[[Thresholds], NDArray[np.uint8]],
        thresholds: Thresholds,
        record_at: Callable[[Thresholds], Mapping[str, Any]] = lambda _: {},
    ) -> None:
        self._grid = grid
        self._shape = lps_grid(grid).shape
        self._box = box
        self._labels_at, self._record_at = labels_at, record_at
        self._own = dict(thresholds)
        self._own_labels = np.ascontiguousarray(labels[box])
        self._said = self._own_labels  # what the model says at the thresholds, in the box
        self._settled = (dict(thresholds), self._said)
        self._kept = np.zeros(self._said.shape, bool)
        self._kept_now: list[NDArray[np.intp]] = []
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self._stroke = False
        self._data: Any = layer.data
        self.thresholds: dict[str, float] = dict(thresholds)
        self.writing = False

    def fits(self, layer: Labels) -> bool:
        """Whether the layer can be relabelled: an array in memory, of the shape that it had."""
        data = layer.data
        there = isinstance(data, np.ndarray) and data.shape == self._shape
        return there and data.flags.writeable and layer.editable

    def kept_voxels(self, layer: Labels) -> int:
        """Count the voxels of the box that are not what the model says."""
        return int(np.count_nonzero(self._shown(layer) != self._said))

    def preview(self, layer: Labels, thresholds: Thresholds) -> bool:
        """Show the mask at these thresholds; False, and nothing is done, where it does not fit."""
        if not self.fits(layer):
            return False
        self.look(layer)
        said = self._said_at(thresholds)
        where = np.flatnonzero(said != self._said)
        where = where[~self._kept.ravel()[where]]
        shown = self._shown(layer)
        edited = _at(shown, where) != self._said.ravel()[where]
        self._keep(where[edited])
        where = where[~edited]
        self._said, self.thresholds = said, dict(thresholds)
        _put(shown, where, said.ravel()[where])
        self._refresh(layer)
        return True

    def settle(self, layer: Labels) -> None:
        """Make one undoable step of what was previewed, and put it on record in the layer."""
        old, base = self._settled
        self._settled = (dict(self.thresholds), self._said)
        kept, self._kept_now = np.concatenate([*self._kept_now, _NOTHING]), []
        if not self.fits(layer) or self.thresholds == old:
            return
        where = np.flatnonzero(base != self._said)
        shown = self._shown(layer)
        now = self._said.ravel()[where]
        ours = ~self._kept.ravel()[where] & (_at(shown, where) == now)
        where, now = where[ours], now[ours]
        before = base.ravel()[where]
        self._undone.clear()
        if len(where):
            self._done.append(_Step(where, before, now, old, dict(self.thresholds), kept))
            del self._done[:-_HISTORY]
            _put(shown, where, before)  # so that the history knows what was there
            self.writing = True
            try:
                layer.data_setitem(self._displayed(where), now, refresh=False)
            finally:
                self.writing = False
            self._refresh(layer)
        self._record(layer)

    def look(self, layer: Labels) -> bool:
        """Find out whether steps were undone or redone; True where the thresholds changed."""
        if self.writing or not self.fits(layer) or self.thresholds != self._settled[0]:
            return False
        if layer.data is not self._data:  # replaced: its history is of another array
            self._data = layer.data
            self._forget()
        if self._stroke:
            self.painted(layer, over=True)
            return False
        shown = self._shown(layer)
        before = self.thresholds
        while self._done and _equal(shown, self._done[-1].where, self._done[-1].before):
            step = self._done.pop()
            self._undone.append(step)
            self._kept.ravel()[step.kept] = False
            self.thresholds = dict(step.old)
        while self._undone and _equal(shown, self._undone[-1].where, self._undone[-1].after):
            step = self._undone.pop()
            self._done.append(step)
            self._kept.ravel()[step.kept] = True
            self.thresholds = dict(step.new)
        if self.thresholds is before:
            return False
        self._said = self._said_at(self.thresholds)
        self._settled = (dict(self.thresholds), self._said)
        self._record(layer)
        return True

    def painted(self, layer: Labels, *, over: bool = False) -> None:
        """Take note of a stroke by hand, which napari cannot redo anything across.

        A stroke may put back just what the last step changed. That is an edit and no undo, and is
        kept. ``over``: the array holds all of the stroke.
        """
        if self.writing:
            return
        self._stroke = not over
        self._undone.clear()
        if not (self._done and self.fits(layer)):
            return
        step = self._done[-1]
        if _equal(self._shown(layer), step.where, step.before):
            self._kept.ravel()[step.where] = True
            self._forget()

    @property
    def stroke(self) -> bool:
        """Whether a stroke was begun whose last voxels may not be there yet."""
        return self._stroke

    def _said_at(self, thresholds: Thresholds) -> NDArray[np.uint8]:
        if dict(thresholds) == self._own:
            return self._own_labels
        return self._labels_at(thresholds)

    def _shown(self, layer: Labels) -> NDArray[Any]:
        """Return the layer's array in the box, in the order of the grid; a view."""
        return from_lps(layer.data, self._grid)[self._box]

    def _displayed(self, where: NDArray[np.intp]) -> tuple[NDArray[np.intp], ...]:
        """Return flat indices in the box as indices in the layer's array."""
        order, against = lps_axes(self._grid)
        at = np.unravel_index(where, self._said.shape)
        stored = [axis + side.start for axis, side in zip(at, self._box, strict=True)]
        return tuple(
            self._grid.size[axis] - 1 - stored[2 - axis] if flip else stored[2 - axis]
            for axis, flip in zip(reversed(order), reversed(against), strict=True)
        )

    def _keep(self, where: NDArray[np.intp]) -> None:
        self._kept.ravel()[where] = True
        self._kept_now.append(where)

    def _forget(self) -> None:
        self._done.clear()
        self._undone.clear()

    def _refresh(self, layer: Labels) -> None:
        self.writing = True
        try:
            layer.refresh(extent=False)
        finally:
            self.writing = False

    def _record(self, layer: Labels) -> None:
        """Write thresholds, and the mask that they give without any edit, to the layer's info."""
        info = info_in(layer.metadata)
        if info is None or info.prediction is None or info.prediction.shape != self._grid.shape:
            return
        prediction = info.prediction.copy()
        prediction[self._box] = self._said
        prediction.setflags(write=False)
        here = {"thresholds": dict(self.thresholds), **self._record_at(self.thresholds)}
        provenance = {**(info.provenance or {}), **here}
        layer.metadata[KEY] = replace(info, provenance=provenance, prediction=prediction)


_NOTHING = np.zeros(0, np.intp)


def _at(shown: NDArray[Any], where: NDArray[np.intp]) -> NDArray[Any]:
    return shown[np.unravel_index(where, shown.shape)]


def _put(shown: NDArray[Any], where: NDArray[np.intp], values: NDArray[np.uint8]) -> None:
    shown[np.unravel_index(where, shown.shape)] = values


def _equal(shown: NDArray[Any], where: NDArray[np.intp], values: NDArray[np.uint8]) -> bool:
    """Whether the voxels have these values; one is looked at first, for a slider of slices."""
    first = np.array_equal(_at(shown, where[:1]), values[:1])
    return first and np.array_equal(_at(shown, where), values)
