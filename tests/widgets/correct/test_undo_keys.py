"""Ctrl+Z on the canvas, which is napari's own: not on a hidden mask, nor within a stroke."""

from __future__ import annotations

import numpy as np
import pytest
from widgets.correct.test_unfinished import let_go, moved, pressed
from widgets.correct_case import CENTRE, click, middle, run, show


def key(mask, name="Ctrl+Z"):
    (act,) = [act for key, act in mask.keymap.items() if str(key) == name]
    act(mask)


def test_the_keys_take_back_and_repeat_and_say_where_they_end(dock, mask, qtbot):
    run(dock, qtbot, "grow")
    grown = mask.data.copy()
    key(mask)
    np.testing.assert_array_equal(mask.data, CENTRE)
    key(mask, "Ctrl+Shift+Z")
    np.testing.assert_array_equal(mask.data, grown)
    key(mask, "Ctrl+Shift+Z")
    assert "nothing more to redo" in dock.said


def test_a_hidden_mask_is_left_alone(dock, mask, qtbot):
    run(dock, qtbot, "grow")
    grown = mask.data.copy()
    mask.visible = False
    key(mask)
    assert "hidden" in dock.said
    np.testing.assert_array_equal(mask.data, grown)


@pytest.mark.parametrize("mode", ["paint", "erase"])
def test_a_stroke_of_naparis_own_brush_keeps_the_step_before(dock, mask, qtbot, mode):
    run(dock, qtbot, "grow")
    grown = mask.data.copy()
    show(dock, mask, middle())
    mask.mode, mask.selected_label, mask.brush_size = mode, 3, 4
    dock.target.choose(mask)
    pressed(dock, mask, middle(), middle() + np.array((0, 2, 2)))
    drawn = mask.data.copy()
    assert not np.array_equal(drawn, grown)
    for undo in (lambda: key(mask), lambda: click(dock, "undo")):
        undo()
        assert "Let go of the mouse" in dock.said
        np.testing.assert_array_equal(mask.data, drawn)
    moved(mask, middle() + np.array((0, 2, 2)))
    let_go(dock, mask, middle())
    key(mask)
    np.testing.assert_array_equal(mask.data, grown)
    key(mask)
    np.testing.assert_array_equal(mask.data, CENTRE)


def test_another_mask_gets_the_keys_and_the_first_has_them_no_more(dock, mask, viewer):
    other = viewer.add_labels(np.zeros_like(mask.data), scale=mask.scale)
    dock.target.choose(other)
    assert not mask.keymap and len(other.keymap) == 5
