"""What holds of every correction: one undoable step, in its box, in any order of axes."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from hypothesis import given, settings
from review.correct.masks import (
    POLYGON,
    SHAPE,
    SPACING,
    View,
    box_in,
    image,
    nested,
    seeds,
    spacings,
    views,
)
from scipy import ndimage

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, read_labels
from napari_acs.imaging.cancel import Cancelled
from napari_acs.review.correct import (
    GLIOMA,
    Band,
    Canvas,
    copy_slice,
    cut,
    erase,
    fill_between,
    fill_holes,
    find_islands,
    flood,
    grow,
    grow_from,
    keep_largest,
    paint,
    put,
    remove_islands,
    revert,
    revert_part,
    shrink,
    smooth,
    stroke,
)

LINE = ((2.2, 3.1, 4.3), (5.7, 9.2, 8.4), (8.1, 9.9, 16.3))


def band(seed, view):
    return Band(view.array(image(seed, SHAPE)), -20, 25, "FLAIR")


def sequences(seed, view):
    return [view.array(image(seed + k, SHAPE)) for k in range(2)]


def sparse(canvas, view):
    """Return the canvas with two slices of three emptied, along the first axis."""
    labels = canvas.labels.copy()
    kept = {view.index(0, i) for i in range(0, SHAPE[0], 3)}
    gone = [i for i in range(SHAPE[0]) if i not in kept]
    np.moveaxis(labels, view.axis(0), 0)[gone] = 0
    return Canvas(labels, canvas.spacing, canvas.box)


def corrected(seed, canvas, view):
    """Return a prediction that differs from the labels in places."""
    return np.where(
        view.array(image(seed, SHAPE)) > 30, view.array(nested(seed + 1)), canvas.labels
    )


def a_difference(seed, canvas, view):
    at = np.argwhere(corrected(seed, view.canvas(nested(seed), SPACING), view) != canvas.labels)
    inner = np.argwhere(
        corrected(seed, View(shape=SHAPE).canvas(nested(seed), SPACING), View(shape=SHAPE))
        != nested(seed)
    )
    return view.points(inner[len(inner) // 2])[0] if len(at) else None


OPERATIONS = {
    "ball": lambda c, v, s: stroke(c, v.points(LINE), 2.6, paint("TC")),
    "disc": lambda c, v, s: stroke(
        c, v.points([[6, 4.2, 3.3], [6, 9.1, 12.4]]), 2.3, erase("TC"), axis=v.axis(0)
    ),
    "put over": lambda c, v, s: stroke(c, v.points(LINE), 3.1, put("NCR", over=("ED", "ET"))),
    "threshold": lambda c, v, s: stroke(c, v.points(LINE), 4.2, paint("ET"), band=band(s, v)),
    "flood": lambda c, v, s: flood(
        c, v.points([[5, 8, 9]])[0], band(s, v), paint("WT"), reach_mm=9.3
    ),
    "flood all": lambda c, v, s: flood(c, v.points([[5, 8, 9]])[0], band(s, v), put("ED")),
    "smart": lambda c, v, s: grow_from(
        c, v.points([[5, 8, 9]])[0], sequences(s, v), paint("TC"), reach_mm=6.3
    ),
    "smart slice": lambda c, v, s: grow_from(
        c, v.points([[5, 8, 9]])[0], sequences(s, v), erase("WT"), reach_mm=7.1, axis=v.axis(0)
    ),
    "fill": lambda c, v, s: fill_holes(c, ("WT", "TC", "ET")),
    "fill slices": lambda c, v, s: fill_holes(c, axis=v.axis(0)),
    "islands": lambda c, v, s: remove_islands(c, "TC", 0.03),
    "largest": lambda c, v, s: keep_largest(c, "WT"),
    "smooth": lambda c, v, s: smooth(c, 1.4),
    "smooth one": lambda c, v, s: smooth(c, 0.9, ("TC",)),
    "median": lambda c, v, s: smooth(c, 2.6, method="median"),
    "grow": lambda c, v, s: grow(c, "TC", 2.6),
    "grow in brain": lambda c, v, s: grow(
        c, "ET", 3.2, brain=v.array(image(s, SHAPE) > -40), within_outer=True
    ),
    "shrink": lambda c, v, s: shrink(c, "WT", 1.1),
    "copy": lambda c, v, s: copy_slice(c, v.axis(1), v.index(1, 4), v.index(1, 5)),
    "copy more": lambda c, v, s: copy_slice(c, v.axis(2), v.index(2, 9), v.index(2, 8), add=True),
    "between": lambda c, v, s: fill_between(sparse(c, v), v.axis(0)),
    "between of a region": lambda c, v, s: fill_between(c, v.axis(0), "ET"),
    "cut": lambda c, v, s: cut(
        c, v.axis(0), v.polygon(0, POLYGON), erase("WT"), depth=v.depth(0, 3, 9)
    ),
    "cut outside": lambda c, v, s: cut(
        c, v.axis(1), v.polygon(1, POLYGON), paint("WT"), outside=True
    ),
    "revert": lambda c, v, s: revert(c, corrected(s, View.canvas(v, nested(s), SPACING), v)),
    "revert part": lambda c, v, s: revert_part(
        c, corrected(s, View.canvas(v, nested(s), SPACING), v), a_difference(s, c, v)
    ),
}
every = pytest.mark.parametrize("name", OPERATIONS)
BOX_IS_A_DAM = ("flood", "flood all", "between", "between of a region", "revert part")
"""Their box says what counts, or what is asked for; they have tests of their own."""
HERE = View(shape=SHAPE)


def start_of(name, canvas):
    """Return the labels that the operation's change is made for."""
    return sparse(canvas, HERE).labels if name == "between" else canvas.labels


@every
@settings(max_examples=15)
@given(seed=seeds, spacing=spacings)
def test_applied_and_reversed_gives_the_mask_back_bit_for_bit(name, seed, spacing):
    canvas = Canvas(nested(seed), spacing)
    change, labels = OPERATIONS[name](canvas, HERE, seed), start_of(name, canvas)
    after = change.applied(labels)
    assert np.array_equal(change.reversed().applied(after), labels)
    assert np.array_equal(np.flatnonzero(after != labels), change.indices)
    assert (change.before != change.after).all()
    assert change.indices.dtype == np.int64
    assert {change.before.dtype, change.after.dtype} == {np.dtype(np.uint8)}
    there = np.zeros(SHAPE, bool)
    there[change.where(SHAPE)] = True
    assert np.array_equal(there, after != labels)
    assert (f"{len(change)} voxel" if len(change) else "nothing changed") in change.said


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in BOX_IS_A_DAM])
@settings(max_examples=25)
@given(seed=seeds, spacing=spacings)
def test_in_a_box_it_does_what_it_does_everywhere_but_only_there(name, seed, spacing):
    box = box_in(seed, SHAPE)
    labels = nested(seed)
    everywhere = OPERATIONS[name](Canvas(labels, spacing), HERE, seed).applied(labels)
    expected = labels.copy()
    expected[box] = everywhere[box]
    boxed = OPERATIONS[name](Canvas(labels, spacing, box), HERE, seed).applied(labels)
    assert np.array_equal(boxed, expected)


@settings(max_examples=40)
@given(seed=seeds)
def test_nothing_outside_the_box_moves_where_the_box_says_what_counts(seed):
    box, labels = box_in(seed, SHAPE), nested(seed)
    outside = np.ones(SHAPE, bool)
    outside[box] = False
    for name in ("flood all", "between"):
        canvas = Canvas(labels, SPACING, box)
        try:
            change = OPERATIONS[name](canvas, HERE, seed)
        except BadInput:  # the seed is not in the box, or one slice only is
            continue
        assert not outside.reshape(-1)[change.indices].any()


@every
@settings(max_examples=25)
@given(seed=seeds, spacing=spacings, view=views)
def test_axes_in_another_order_and_direction_give_the_same(name, seed, spacing, view):
    seen = View(*map(tuple, view), shape=SHAPE)
    canvas = Canvas(nested(seed), spacing)
    here = OPERATIONS[name](canvas, HERE, seed).applied(start_of(name, canvas))
    turned = seen.canvas(nested(seed), spacing)
    change = OPERATIONS[name](turned, seen, seed)
    before = sparse(turned, seen).labels if name == "between" else turned.labels
    assert np.array_equal(change.applied(before), seen.array(here))


@pytest.mark.parametrize(
    "name",
    ["flood all", "fill", "smooth", "between", "grow", "shrink", "largest", "list", "islands"],
)
def test_long_ones_can_be_cancelled(name):
    calls = {
        "flood all": lambda c: flood(
            c, (5, 8, 9), band(0, HERE), put("ED"), cancelled=lambda: True
        ),
        "fill": lambda c: fill_holes(c, cancelled=lambda: True),
        "smooth": lambda c: smooth(c, 1.0, cancelled=lambda: True),
        "between": lambda c: fill_between(sparse(c, HERE), 0, cancelled=lambda: True),
        "grow": lambda c: grow(c, "WT", 2.0, cancelled=lambda: True),
        "shrink": lambda c: shrink(c, "WT", 2.0, cancelled=lambda: True),
        "largest": lambda c: keep_largest(c, "WT", cancelled=lambda: True),
        "list": lambda c: find_islands(c, "WT", cancelled=lambda: True),
        "islands": lambda c: remove_islands(c, "WT", 0.1, cancelled=lambda: True),
    }
    with pytest.raises(Cancelled):
        calls[name](Canvas(nested(0), SPACING))


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in BOX_IS_A_DAM])
def test_an_empty_mask_stays_empty_unless_it_is_painted_on(name):
    painted = {"ball", "threshold", "smart", "cut outside"}
    change = OPERATIONS[name](Canvas(np.zeros(SHAPE, np.uint8), SPACING), HERE, 0)
    assert bool(len(change)) == (name in painted or name == "revert")


def test_a_canvas_on_a_grid_takes_its_spacing_in_the_order_of_the_array():
    grid = Grid((18, 16, 12), (0.7, 1.0, 2.5), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    assert tuple(Canvas.on(nested(0), grid).spacing) == SPACING
    with pytest.raises(BadInput, match="does not fit"):
        Canvas.on(nested(0)[1:], grid)


@needs_shared_data
def test_a_real_mask_is_corrected_as_scipy_does_it_on_the_whole_array():
    folder = SHARED_DATA / "brats2021" / "BraTS2021_01479"
    volume = read_labels(next(folder.glob("*seg*")))
    labels = np.array([0, 1, 2, 0, 3], np.uint8)[volume.array]
    canvas = Canvas.on(labels, volume.grid)
    whole = labels > 0
    grown = grow(canvas, "WT", 3.0).applied(labels) > 0
    assert np.array_equal(grown, ndimage.distance_transform_edt(~whole, canvas.spacing) <= 3)
    kept = keep_largest(canvas, "WT").applied(labels) > 0
    parts, _ = ndimage.label(whole, np.ones((3, 3, 3)))
    assert np.array_equal(kept, parts == np.bincount(parts.ravel())[1:].argmax() + 1)
    filled = fill_holes(canvas, ("WT",), axis=0).applied(labels) > 0
    assert np.array_equal(filled, np.stack([ndimage.binary_fill_holes(each) for each in whole]))


def test_regions_stay_nested_in_any_labels():
    back = GLIOMA.back(GLIOMA.depth(nested(5)))
    assert np.array_equal(back, nested(5))
    masks = GLIOMA.masks(nested(5))
    assert list(masks) == ["WT", "TC", "ET"]
    assert np.array_equal(masks["TC"], np.isin(nested(5), (1, 3)))
    assert not (masks["ET"] & ~masks["TC"]).any() and not (masks["TC"] & ~masks["WT"]).any()
