"""A correction in a layer is one step of undo, however many voxels it changes."""

# ruff: noqa: PLC0415 (napari may be imported once the settings of the run are set)
from __future__ import annotations

import numpy as np
import pytest

from napari_acs.errors import BadInput
from napari_acs.review.correct import Canvas, Change, paint, stroke
from napari_acs.viewer import applying
from napari_acs.viewer.applying import apply, places_of


@pytest.fixture
def layer():
    from napari.layers import Labels

    labels = np.zeros((20, 30, 40), np.uint8)
    labels[5:15, 5:25, 5:35] = 2
    return Labels(labels, scale=(2, 1, 1))


def a_change(labels, mm=6.0):
    return stroke(Canvas(labels, (2, 1, 1)), (10, 5, 20), mm, paint("ET"))


@pytest.mark.parametrize("at_once", [1_000_000, 100, 7])
def test_a_change_in_pieces_is_one_step(layer, monkeypatch, at_once):
    monkeypatch.setattr(applying, "_AT_ONCE", at_once)
    before = layer.data.copy()
    layer.data_setitem(tuple(np.array([0]) for _ in range(3)), 1)
    seen = layer.data.copy()
    change = a_change(seen)
    updates = []
    layer.events.labels_update.connect(updates.append)
    apply(layer, change, seen, places_of(change, seen.shape))
    after = change.applied(seen)
    np.testing.assert_array_equal(layer.data, after)
    shown = layer.data[int(layer._slice_input.world_slice.point[0])]
    np.testing.assert_array_equal(layer._slice.image.raw, shown)
    assert len(updates) == 1, "the window is told once"
    layer.undo()
    np.testing.assert_array_equal(layer.data, seen)
    layer.redo()
    np.testing.assert_array_equal(layer.data, after)
    layer.undo()
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)


def test_a_part_of_a_stroke_does_not_end_it(layer, monkeypatch):
    monkeypatch.setattr(applying, "_AT_ONCE", 50)
    before = layer.data.copy()
    with layer.block_history():
        for mm in (4.0, 6.0, 8.0):
            apply(layer, a_change(layer.data, mm), of_stroke=True)
    assert not np.array_equal(layer.data, before)
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)


def test_another_tool_s_step_is_its_own_in_the_middle_of_a_stroke(layer):
    before = layer.data.copy()
    with layer.block_history():  # of a stroke that has changed nothing yet
        apply(layer, a_change(before), before)
        tool = layer.data.copy()
        apply(layer, a_change(tool, 9.0), of_stroke=True)
    layer.undo()
    np.testing.assert_array_equal(layer.data, tool)
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)


def test_indices_are_kept_short_where_the_array_is(layer):
    change = a_change(layer.data)
    assert {axis.dtype for axis in places_of(change, layer.data.shape)} == {np.dtype(np.uint16)}
    long = (1, 1, 70_000)
    far = Change(np.array([69_999]), np.zeros(1, np.uint8), np.ones(1, np.uint8), "")
    assert [axis.tolist() for axis in places_of(far, long)] == [[0], [0], [69_999]]


@pytest.mark.parametrize("known", [True, False])
def test_a_mask_that_was_edited_meanwhile_is_left_alone(layer, known):
    seen = layer.data.copy()
    change = a_change(seen)
    at = change.where(seen.shape)
    layer.data[tuple(axis[0] for axis in at)] ^= 1
    now = layer.data.copy()
    with pytest.raises(BadInput, match="edited while"):
        apply(layer, change, seen if known else None)
    np.testing.assert_array_equal(layer.data, now)
    layer.data = np.zeros((4, 4, 4), np.uint8)
    with pytest.raises(BadInput, match="edited while"):
        apply(layer, change, seen if known else None)
    assert not layer.data.any()


def test_a_mask_that_was_locked_meanwhile_is_left_alone(layer):
    seen = layer.data.copy()
    layer.editable = False
    with pytest.raises(BadInput, match="locked while"):
        apply(layer, a_change(seen), seen)
    np.testing.assert_array_equal(layer.data, seen)
