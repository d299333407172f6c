"""Masks, changes and arguments that no correction can do anything with."""

from __future__ import annotations

import numpy as np
import pytest
from review.correct.masks import POLYGON, SHAPE, SPACING, nested

from napari_acs.errors import BadInput
from napari_acs.review.correct import (
    Band,
    Canvas,
    copy_slice,
    cut,
    erase,
    fill_between,
    fill_holes,
    flood,
    grow,
    keep_largest,
    paint,
    put,
    remove_islands,
    revert,
    revert_part,
    smooth,
    stroke,
)


def test_a_change_is_refused_on_a_mask_that_is_not_the_one_it_was_made_for():
    labels = nested(3)
    change = grow(Canvas(labels, SPACING), "WT", 2.0)
    assert len(change)
    with pytest.raises(BadInput, match="has changed since"):
        change.applied(change.applied(labels))
    with pytest.raises(BadInput, match="has changed since"):
        change.applied(labels[:2])


def test_labels_of_no_region_are_refused_where_they_are_met():
    labels = nested(3).copy()
    labels[0, 0, 0] = 4
    with pytest.raises(BadInput, match="found 4; expected 1 NCR, 2 ED, 3 ET"):
        smooth(Canvas(labels, SPACING), 1.0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((np.zeros((3, 3, 3)), SPACING), "float64"),
        ((np.zeros((3, 3), np.uint8), SPACING), "uint8 of shape"),
        ((np.zeros((3, 3, 3), np.uint8), (1, 0, 1)), "size of its voxels"),
        ((np.zeros((3, 3, 3), np.uint8), SPACING, (slice(0, 4),) * 3), "does not lie in the image"),
        ((np.zeros((3, 3, 3), np.uint8), SPACING, (slice(0, 2),) * 2), "does not lie in the image"),
        ((np.zeros((3, 3, 3), np.uint8), SPACING, (slice(0, 3, 2),) * 3), "does not lie in the"),
        ((np.zeros((3, 3, 3), np.uint8), SPACING, (slice(2, 2),) * 3), "does not lie in the image"),
    ],
)
def test_a_mask_that_cannot_be_corrected_is_refused(arguments, sentence):
    with pytest.raises(BadInput, match=sentence):
        Canvas(*arguments)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda c: stroke(c, (1, 2, 3), 0, paint("ET")),
        lambda c: stroke(c, (1, 2, 3), float("nan"), paint("ET")),
        lambda c: stroke(c, (1, 2), 2, paint("ET")),
        lambda c: stroke(c, (1, 2, np.nan), 2, paint("ET")),
        lambda c: stroke(c, (1, 2, 3), 2, paint("NCR")),
        lambda c: stroke(c, (1, 2, 3), 2, put("WT")),
        lambda c: stroke(c, (1, 2, 3), 2, put("ED", over=("CSF",))),
        lambda c: stroke(c, ((1, 2, 3), (4, 2, 3)), 2, paint("ET"), axis=0),
        lambda c: stroke(c, (1, 2, 3), 2, paint("ET"), axis=3),
        lambda c: stroke(c, (1, 2, 3), 2, paint("ET"), band=Band(np.zeros((2, 2, 2)), 0, 1)),
        lambda c: Band(np.zeros(SHAPE), 2, 1),
        lambda c: flood(c, (99, 2, 3), Band(np.zeros(SHAPE), 0, 1), paint("ET")),
        lambda c: flood(c, (1, 2, 3), Band(np.zeros(SHAPE), 0, 1), paint("ET"), axis=3),
        lambda c: cut(c, 3, POLYGON, erase("WT")),
        lambda c: fill_between(c, 3),
        lambda c: fill_holes(c, ("NCR",)),
        lambda c: fill_holes(c, axis=5),
        lambda c: remove_islands(c, "ET", -1),
        lambda c: keep_largest(c, "XX"),
        lambda c: smooth(c, -1),
        lambda c: smooth(c, 1, method="mean"),
        lambda c: grow(c, "WT", float("inf")),
        lambda c: grow(c, "WT", 1, brain=np.ones((2, 2, 2), bool)),
        lambda c: copy_slice(c, 0, 1, 99),
        lambda c: copy_slice(c, 3, 0, 0),
        lambda c: cut(c, 0, ((1, 2), (3, 4)), erase("WT")),
        lambda c: cut(c, 0, ((1, 2), (3, 4), (np.nan, 1)), erase("WT")),
        lambda c: cut(c, 0, POLYGON, erase("WT"), depth=(5, 5)),
        lambda c: fill_between(Canvas(np.zeros(SHAPE, np.uint8), SPACING), 0),
        lambda c: revert(c, np.zeros((2, 2, 2), np.uint8)),
        lambda c: revert_part(c, c.labels, (1, 1, 1)),
    ],
)
def test_bad_input_is_refused_with_a_sentence(wrong):
    with pytest.raises(BadInput) as refusal:
        wrong(Canvas(nested(0), SPACING))
    assert str(refusal.value).endswith(".")
