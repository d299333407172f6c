"""The brush of the Correct panel, dragged: what it touches, in mm, and how it holds the mouse."""

# ruff: noqa: PLC0415
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox
from scipy import ndimage
from superqt import QLabeledDoubleRangeSlider, QLabeledDoubleSlider
from widgets.correct_case import (
    CENTRE,
    GRID,
    WAIT,
    add_case,
    choose,
    click,
    depths,
    drag,
    find,
    image,
    middle,
    run,
    show,
    undone,
)

from napari_acs.imaging import to_lps
from napari_acs.review.correct import Change


def test_a_disc_is_a_circle_in_mm_in_the_slice_shown(dock, mask):
    before = mask.data.copy()
    at = np.array([4.0, 5.0, 6.0])  # background
    show(dock, mask, at)
    find(dock, QLabeledDoubleSlider, "radius").setValue(5.0)
    click(dock, "paint")
    z, y, x = np.ogrid[tuple(slice(n) for n in mask.data.shape)]
    for view in ((0, 1, 2), (1, 0, 2), (2, 0, 1)):
        dock.viewer.dims.order = view
        away = [(i - c) * s for i, c, s in zip((z, y, x), at, mask.scale, strict=True)]
        away[view[0]] = np.where(away[view[0]] == 0, 0, np.inf)
        disc = sum(each**2 for each in away) <= 25.0001
        for region, value in (("WT", 2), ("TC", 1), ("ET", 3)):
            choose(dock, region)
            drag(dock, mask, at)
            outer = depths(before) < depths(np.array(value))
            np.testing.assert_array_equal(mask.data, np.where(disc & outer, value, before))
            assert f"{region} painted" in dock.said
            undone(mask, before)


def test_a_long_drag_is_one_step_and_a_ball_reaches_other_slices(dock, mask):
    before = mask.data.copy()
    at = middle()
    show(dock, mask, at)
    choose(dock, "WT")
    find(dock, QCheckBox, "ball").setChecked(True)
    find(dock, QLabeledDoubleSlider, "radius").setValue(4.0)
    click(dock, "erase")
    drag(
        dock, mask, at, at + np.array([0, 2, 2]), at + np.array([0, 4, 4]), at + np.array([0, 6, 2])
    )
    axes = [np.unique(axis) for axis in np.nonzero(mask.data != before)]
    assert len(axes[0]) > 1, "a ball"
    assert (mask.data[mask.data != before] == 0).all(), "of WT nothing is left"
    undone(mask, before)


@pytest.mark.parametrize("ball", [False, True])
def test_a_stroke_stays_in_the_slice_where_it_began(dock, mask, ball):
    """Also where the wheel is turned on the way, and between two slices (of another grid)."""
    at = np.array([6.0, 5.0, 6.0])
    show(dock, mask, at)
    find(dock, QCheckBox, "ball").setChecked(ball)
    choose(dock, "ET")
    click(dock, "paint")
    drag(dock, mask, at, at + np.array([0.0, 3, 8]))
    straight = mask.data.copy()
    mask.undo()
    show(dock, mask, at + np.array([0.3, 0, 0]))
    drag(dock, mask, at + np.array([0.3, 0, 0]), at + np.array([5.0, 3, 8]))
    np.testing.assert_array_equal(mask.data, straight)
    assert "ET painted" in dock.said


def test_erasing_a_region_leaves_the_next_outer_one(dock, mask):
    at = np.argwhere(CENTRE == 3).mean(axis=0).round()
    show(dock, mask, at)
    before = mask.data.copy()
    choose(dock, "ET")
    click(dock, "erase")
    drag(dock, mask, at + np.array([0, 0, -4]), at + np.array([0, 0, 4]))
    changed = mask.data != before
    assert set(before[changed]) == {3} and set(mask.data[changed]) == {1}
    undone(mask, before)


def test_the_threshold_brush_keeps_to_the_range_which_is_shown(dock, mask):
    before = mask.data.copy()
    at = middle(3)
    show(dock, mask, at)
    find(dock, QCheckBox, "by_range").setChecked(True)
    limits = find(dock, QLabeledDoubleRangeSlider, "range")
    limits.setValue((350, 400))
    find(dock, QCheckBox, "show_range").setChecked(True)
    (shown,) = [one for one in dock.viewer.layers if one.name == "range of T1"]
    assert tuple(shown.contrast_limits) == pytest.approx((350, 400), abs=0.1)
    assert shown.data is dock.viewer.layers["T1"].data, "nothing is copied"
    assert dock.viewer.layers.selection.active is mask
    limits.setValue((150, 250))  # NCR
    assert tuple(shown.contrast_limits) == pytest.approx((150, 250), abs=0.1)
    choose(dock, "ET")
    find(dock, QLabeledDoubleSlider, "radius").setValue(30.0)
    click(dock, "paint")
    drag(dock, mask, at)
    axis = dock.viewer.dims.order[0]
    here = np.zeros(before.shape, bool)
    here[int(at[axis])] = True
    low, high = limits.value()
    bright = to_lps(image(), GRID)
    changed = mask.data != before
    assert changed.any() and (mask.data[changed] == 3).all()
    held = (bright >= low) & (bright <= high) & here
    assert not (changed & ~held).any()
    assert "T1 is from" in dock.said
    undone(mask, before)
    find(dock, QCheckBox, "show_range").setChecked(False)
    assert "range of T1" not in dock.viewer.layers


def test_flood_takes_what_hangs_together(dock, mask, qtbot):
    mask.data_setitem(np.nonzero(mask.data), 0)
    empty = mask.data.copy()
    at = middle(3)
    show(dock, mask, at)
    find(dock, QLabeledDoubleRangeSlider, "range").setValue((350, 450))
    find(dock, QCheckBox, "ball").setChecked(True)
    choose(dock, "ET")
    click(dock, "flood")
    seed = np.argwhere(CENTRE == 3)[0]
    show(dock, mask, seed)
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        drag(dock, mask, seed)
    parts, _ = ndimage.label(to_lps(image(), GRID) >= 350)
    np.testing.assert_array_equal(mask.data == 3, parts == parts[tuple(seed)])
    undone(mask, empty)


def test_the_brush_has_the_mouse_until_another_tool_takes_it(dock, mask):
    click(dock, "paint")
    assert not mask.mouse_pan and mask.cursor == "circle"
    find(dock, QLabeledDoubleSlider, "radius").setValue(7.0)
    assert mask.cursor_size == pytest.approx(14.0)
    mask.mode = "fill"  # napari's own
    assert dock.mouse.name == ""
    mask.mode = "pan_zoom"
    before = mask.data.copy()
    show(dock, mask, middle())
    drag(dock, mask, middle())
    np.testing.assert_array_equal(mask.data, before)
    click(dock, "paint")
    click(dock, "paint")
    assert mask.mouse_pan and dock.mouse.name == ""


def test_a_3d_view_can_be_turned_with_a_tool_in_hand(dock, mask):
    dims, camera = dock.viewer.dims, dock.viewer.scene.camera
    click(dock, "paint")
    dims.ndisplay = 3
    assert camera.mouse_pan and dock.mouse.name == "paint"
    dims.ndisplay = 2
    assert not camera.mouse_pan
    dims.ndisplay = 3
    click(dock, "erase")
    assert camera.mouse_pan, "one that is taken there"
    dims.ndisplay = 2
    assert not camera.mouse_pan
    click(dock, "erase")
    assert camera.mouse_pan and dock.mouse.name == ""


def test_the_cursor_is_as_large_as_the_brush_whatever_naparis_is(dock, mask):
    click(dock, "paint")
    size = mask.cursor_size
    mask.brush_size = 33
    assert mask.cursor_size == size and mask.cursor == "circle"
    click(dock, "paint")
    mask.mode = "paint"
    mask.brush_size = 22
    assert mask.cursor_size != size, "napari's own brush has its own"


def test_a_stroke_that_is_refused_on_its_way_is_one_step_of_undo(dock, mask):
    mask.data_setitem((np.array([1]), np.array([1]), np.array([1])), 2)  # an earlier step
    mask.data[2, 20, 28] = 9  # came with the file
    before = mask.data.copy()
    find(dock, QLabeledDoubleSlider, "radius").setValue(2.0)
    start, end = np.array([2, 20, 5.0]), np.array([2, 20, 28.0])
    show(dock, mask, start)
    click(dock, "paint")
    drag(dock, mask, start, np.array([2, 20, 12.0]), end)
    assert "9" in dock.said and not mask._staged_history
    undone(mask, before)
    event = SimpleNamespace(type="mouse_press", button=1, position=mask.data_to_world(start))
    event.dims_displayed = list(dock.viewer.dims.displayed)
    event.dims_point = list(dock.viewer.dims.point)
    given_up = dock.mouse.brush(mask, event)
    next(given_up)
    given_up.close()
    assert not mask._staged_history
    undone(mask, before)


def test_masks_of_2021_keep_their_4(viewer, qtbot):
    from napari_acs.widgets.correct_dock import CorrectDock

    layer = add_case(viewer, (1, 2, 4))
    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock, name="Correct")
    choose(dock, "ET")
    assert layer.selected_label == 4
    show(dock, layer, np.array([4, 5, 6]))
    click(dock, "paint")
    drag(dock, layer, np.array([4, 5, 6]))
    assert layer.data[4, 5, 6] == 4
    assert set(np.unique(layer.data)) == {0, 1, 2, 4}
    layer.data_setitem(np.nonzero(layer.data == 4), 1)  # nothing is left to tell it by
    choose(dock, "TC")
    choose(dock, "ET")
    assert layer.selected_label == 4
    drag(dock, layer, np.array([4, 5, 6]))
    assert layer.data[4, 5, 6] == 4
    layer.data_setitem(np.nonzero(layer.data == 4), 1)
    run(dock, qtbot, "revert_all")
    assert set(np.unique(layer.data)) == {0, 1, 2, 4}
    layer.data_setitem(np.nonzero(layer.data == 4), 0)
    choose(dock, "TC")
    change = run(dock, qtbot, "smooth")
    assert isinstance(change, Change), dock.said
    choose(dock, "ET")
    show(dock, layer, middle(3))
    find(dock, QLabeledDoubleRangeSlider, "range").setValue((350, 450))
    click(dock, "flood")
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        drag(dock, layer, np.argwhere(CENTRE == 3)[0])
    assert set(np.unique(layer.data)) == {0, 1, 2, 4}, dock.said
