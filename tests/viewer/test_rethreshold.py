"""Sliders, strokes, undo and redo in any order, against a model of the mask that is an array."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.layers import Layer
from viewer.grids import any_grid
from widgets.fakes import GRID
from widgets.maps import labels_at, segmentation

from napari_acs.imaging import from_lps, to_lps
from napari_acs.viewer.info import LayerInfo, info_in
from napari_acs.viewer.layers import labels_layer
from napari_acs.viewer.rethreshold import Rethreshold

OWN = {"WT": 0.5, "TC": 0.5, "ET": 0.5}


def mask_of(made):
    info = LayerInfo(made.grid, provenance={}, prediction=made.labels)
    layer = Layer.create(*labels_layer(made.labels, info, "mask"))
    maps = made.probabilities
    mask = Rethreshold(
        layer,
        made.grid,
        maps.box,
        made.labels,
        lambda thresholds: maps.labels_in_box(made.regions, thresholds),
        OWN,
    )
    layer.events.set_data.connect(lambda _: mask.look(layer))
    layer.events.paint.connect(lambda _: mask.painted(layer))
    layer.events.labels_update.connect(lambda _: mask.painted(layer, over=True))
    return layer, mask


MADE = segmentation()
slides = st.tuples(st.sampled_from(["WT", "TC", "ET"]), st.sampled_from([1, 20, 40, 60, 80, 99]))
strokes = st.tuples(st.just("paint"), st.integers(0, 2**30))
others = st.tuples(st.sampled_from(["undo", "redo", "reset"]), st.just(0))


class Expected:
    """What the mask must be: voxels, what was painted where, thresholds; and earlier states."""

    def __init__(self) -> None:
        self.now = (MADE.labels, {}, OWN)
        self.before: list = []
        self.after: list = []

    def act(self, mask, edits, thresholds) -> None:
        if not np.array_equal(mask, self.now[0]):
            self.before.append(self.now)
            self.after = []
        self.now = (mask, edits, thresholds)

    def paint(self, at, label) -> None:
        mask, edits, thresholds = self.now
        painted = mask.copy()
        painted[at] = label
        self.act(painted, {**edits, at: label}, thresholds)

    def slide(self, thresholds) -> None:
        edits = self.now[1]
        mask = labels_at(MADE, **thresholds)
        for at, label in edits.items():
            mask[at] = label
        self.act(mask, edits, thresholds)

    def undo(self) -> None:
        if self.before:
            self.after.append(self.now)
            self.now = self.before.pop()

    def redo(self) -> None:
        if self.after:
            self.before.append(self.now)
            self.now = self.after.pop()


@settings(max_examples=80)
@given(moves=st.lists(st.one_of(slides, slides, strokes, others), max_size=12))
def test_no_edit_is_lost_and_every_undo_is_exact(moves):
    layer, mask = mask_of(MADE)
    expected = Expected()
    for what, value in moves:
        if what == "paint":
            at = tuple(int(i) for i in np.unravel_index(value % MADE.labels.size, GRID.shape))
            label = value % 4
            said = labels_at(MADE, **expected.now[2])[at]
            if label in {expected.now[0][at], said}:  # erasing one's own stroke is no edit
                continue
            one = np.zeros(GRID.shape, bool)
            one[at] = True
            layer.data_setitem(np.nonzero(to_lps(one, GRID)), label)
            expected.paint(at, label)
        elif what in {"undo", "redo"}:
            getattr(layer, what)()
            getattr(expected, what)()
        else:
            wanted = OWN if what == "reset" else {**expected.now[2], what: value / 100}
            mask.preview(layer, {**wanted, "TC": 0.3})  # on the way
            mask.preview(layer, wanted)
            mask.settle(layer)
            expected.slide(wanted)
        labels = from_lps(layer.data, GRID)
        assert np.array_equal(labels, expected.now[0])
        prediction = info_in(layer.metadata).prediction
        assert np.array_equal(prediction, labels_at(MADE, **mask.thresholds))


@settings(max_examples=40)
@given(grid=any_grid(), threshold=st.sampled_from([0.1, 0.9]), data=st.data())
def test_thresholds_act_where_the_box_is_displayed_and_undo_too(grid, threshold, data):
    starts = [data.draw(st.integers(0, n - 3)) for n in grid.shape]
    ends = [data.draw(st.integers(a + 2, n)) for a, n in zip(starts, grid.shape, strict=True)]
    box = tuple(map(slice, starts, ends))
    made = segmentation(grid, box, seed=data.draw(st.integers(0, 9)))
    layer, mask = mask_of(made)
    mask.preview(layer, {**OWN, "WT": threshold})
    mask.settle(layer)
    assert np.array_equal(from_lps(layer.data, grid), labels_at(made, WT=threshold))
    layer.undo()
    assert np.array_equal(from_lps(layer.data, grid), made.labels)
    layer.redo()
    assert np.array_equal(from_lps(layer.data, grid), labels_at(made, WT=threshold))
