"""What is corrected is what is seen: hidden masks, and a view that has gone elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox
from widgets.correct_case import (
    CENTRE,
    WAIT,
    add_case,
    choose,
    click,
    drag,
    find,
    middle,
    run,
    show,
)

from napari_acs.inference.messages import Failure
from napari_acs.review.correct import Change


def test_a_hidden_mask_is_not_corrected_unseen(dock, mask, qtbot):
    show(dock, mask, middle())
    dock.target.choose(mask)
    choose(dock, "WT")
    mask.visible = False
    click(dock, "erase")
    drag(dock, mask, middle(), middle() + np.array((0, 3, 3)))
    assert "hidden" in dock.said and "'mask'" in dock.said
    for tool in ("grow", "copy_next", "revert_all"):
        dock.panel.message.clear()
        assert isinstance(run(dock, qtbot, tool), Failure)
        assert "hidden" in dock.said
    click(dock, "smart_erase")
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        drag(dock, mask, middle())
    assert isinstance(run(dock, qtbot, "find_islands"), tuple), "a list changes nothing"
    assert isinstance(run(dock, qtbot, "remove_islands"), Failure)
    np.testing.assert_array_equal(mask.data, CENTRE)
    click(dock, "draw_outline")  # the image alone may show where
    assert "outline" in dock.viewer.layers
    dock.target.choose(mask)
    mask.visible = True
    click(dock, "erase")
    drag(dock, mask, middle(), middle() + np.array((0, 3, 3)))
    assert not np.array_equal(mask.data, CENTRE)


def test_a_mask_whose_changes_are_shown_in_its_place_is_corrected(dock, mask, qtbot):
    show(dock, mask, middle())
    choose(dock, "WT")
    box = find(dock, QCheckBox, "only_changed")
    with qtbot.waitSignal(dock.differences.shown, timeout=WAIT):
        box.click()
    assert not mask.visible
    click(dock, "erase")
    drag(dock, mask, middle())
    erased = mask.data.copy()
    assert not np.array_equal(erased, CENTRE)
    click(dock, "undo")
    np.testing.assert_array_equal(mask.data, CENTRE)
    box.click()
    mask.visible = False  # now by the user
    drag(dock, mask, middle())
    assert "hidden" in dock.said
    np.testing.assert_array_equal(mask.data, CENTRE)


@pytest.mark.parametrize("gone", ["another mask", "another slice", "another view", "stayed"])
def test_a_copy_moves_no_view_that_has_gone_elsewhere(dock, mask, qtbot, gone):
    """The worker needs a moment, in which the user goes on."""
    at = middle()
    at[0] = np.flatnonzero((mask.data == 3).any(axis=(1, 2)))[-1]  # the next slice is another
    other = add_case(dock.viewer)
    dock.target.choose(mask)
    show(dock, mask, at)
    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        click(dock, "copy_next")
        if gone == "another mask":
            dock.target.choose(other)
        elif gone == "another slice":
            show(dock, mask, at + np.array((3, 0, 0)))
        elif gone == "another view":
            dock.viewer.dims.order = (1, 0, 2)
        before = mask.world_to_data(dock.viewer.dims.point)
    assert isinstance(heard.args[1], Change) and len(heard.args[1])
    step = (1, 0, 0) if gone == "stayed" else (0, 0, 0)
    np.testing.assert_allclose(mask.world_to_data(dock.viewer.dims.point) - before, step, atol=1e-6)
