"""Differences of two masks stay those of the masks as they are, while all three are open."""

# ruff: noqa: PLC0415
from __future__ import annotations

import numpy as np
import pytest
from widgets.correct_case import CENTRE, WAIT, click

from napari_acs.review.correct import OTHER_LABEL


@pytest.fixture
def compared(dock, mask, qtbot):
    """Return the other mask, and the layer of differences."""
    place = {"scale": mask.scale, "translate": mask.translate, "units": mask.units}
    other = dock.viewer.add_labels(CENTRE.copy(), name="second rater", **place)
    dock.target.choose(mask)
    with qtbot.waitSignal(dock.differences.shown, timeout=WAIT) as heard:
        click(dock, "compare")
    (layer,) = heard.args
    assert not layer.data.any()
    return other, layer


@pytest.mark.parametrize("edited", ["mask", "other"])
def test_differences_follow_both_masks(dock, mask, compared, qtbot, edited):
    other, layer = compared
    changed = mask if edited == "mask" else other
    changed.data_setitem(np.nonzero(CENTRE == 3), 1)
    qtbot.waitUntil(lambda: np.array_equal(layer.data == OTHER_LABEL, CENTRE == 3), timeout=WAIT)
    changed.undo()
    qtbot.waitUntil(lambda: not layer.data.any(), timeout=WAIT)


def test_masks_that_cannot_be_compared_any_more_leave_a_layer_that_says_so(
    dock, mask, compared, qtbot
):
    other, layer = compared
    other.data = np.zeros((3, 3, 3), np.uint8)
    qtbot.waitUntil(lambda: "as they were" in layer.name, timeout=WAIT)
    assert layer.data.shape == CENTRE.shape


@pytest.mark.parametrize("closed", ["mask", "other", "layer"])
def test_what_is_closed_is_followed_no_more(dock, mask, compared, qtbot, closed):
    from napari_acs.widgets.correct_compared import Compared

    other, layer = compared
    assert len(dock.differences.findChildren(Compared)) == 1
    gone = {"mask": mask, "other": other, "layer": layer}[closed]
    dock.viewer.layers.remove(gone)
    qtbot.waitUntil(lambda: not dock.differences.findChildren(Compared), timeout=WAIT)
    left = other if closed == "mask" else mask
    left.data_setitem(np.nonzero(CENTRE == 3), 1)
    qtbot.wait(600)
    assert not layer.data.any(), "as it was"
