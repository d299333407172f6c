"""The panel's Undo and Redo: one step each, and a sentence where napari's own end."""

from __future__ import annotations

import numpy as np
from widgets.correct_case import CENTRE, click, run


def test_the_buttons_take_steps_back_and_repeat_them(dock, mask, qtbot):
    run(dock, qtbot, "grow")
    grown = mask.data.copy()
    run(dock, qtbot, "keep_largest")
    largest = mask.data.copy()
    click(dock, "undo")
    np.testing.assert_array_equal(mask.data, grown)
    click(dock, "undo")
    np.testing.assert_array_equal(mask.data, CENTRE)
    assert "nothing more" not in dock.said
    click(dock, "undo")
    assert "nothing more to undo" in dock.said and "100 steps" in dock.said
    click(dock, "redo")
    np.testing.assert_array_equal(mask.data, grown)
    dock.panel.message.clear()
    click(dock, "redo")
    np.testing.assert_array_equal(mask.data, largest)
    assert not dock.said
    click(dock, "redo")
    assert "nothing more to redo" in dock.said
    np.testing.assert_array_equal(mask.data, largest)


def test_nothing_is_undone_in_a_mask_that_is_hidden(dock, mask, qtbot):
    run(dock, qtbot, "grow")
    grown = mask.data.copy()
    mask.visible = False
    click(dock, "undo")
    assert "hidden" in dock.said
    np.testing.assert_array_equal(mask.data, grown)
    mask.visible = True
    click(dock, "undo")
    np.testing.assert_array_equal(mask.data, CENTRE)


def test_without_a_mask_the_panel_says_so(dock, mask):
    dock.viewer.layers.remove(mask)
    click(dock, "undo")
    assert "no mask" in dock.said
