"""The Correct panel, clicked: every tool changes the layer as it says, and undo takes it back."""

# ruff: noqa: PLC0415
from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QListWidget
from scipy import ndimage
from superqt import QLabeledDoubleRangeSlider, QLabeledDoubleSlider, QLabeledRangeSlider
from widgets.correct_case import GRID, WAIT, add_case, click, drag, image, labels, run, stored

from napari_acs.imaging import to_lps
from napari_acs.inference.messages import Failure
from napari_acs.review.correct import Change

CENTRE = to_lps(labels(), GRID)
"""What the mask layer shows at first."""


@pytest.fixture
def dock(viewer, qtbot):
    from napari_acs.widgets.correct_dock import CorrectDock

    add_case(viewer)
    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock, name="Correct")
    yield dock
    dock.jobs.drop()


@pytest.fixture
def mask(dock):
    return dock.target.layer


def find(dock, kind, name):
    return dock.panel.findChild(kind, name)


def choose(dock, region: str) -> None:
    box = find(dock, QComboBox, "region")
    box.setCurrentIndex([box.itemData(i).name for i in range(box.count())].index(region))


def depths(array):
    return np.array([0, 2, 1, 3])[array]


def undone(mask, before) -> None:
    """Undo once: the mask is what it was, bit for bit, and redo brings the change back."""
    changed = mask.data.copy()
    assert not np.array_equal(changed, before)
    mask.undo()
    np.testing.assert_array_equal(mask.data, before)
    mask.redo()
    np.testing.assert_array_equal(mask.data, changed)
    mask.undo()


def middle(region=1) -> np.ndarray:
    return np.argwhere(region == CENTRE).mean(axis=0).round()


def show(dock, mask, at) -> None:
    dock.viewer.dims.point = mask.data_to_world(at)


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
            drag(mask, at)
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
    drag(mask, at, at + np.array([0, 2, 2]), at + np.array([0, 4, 4]), at + np.array([0, 6, 2]))
    axes = [np.unique(axis) for axis in np.nonzero(mask.data != before)]
    assert len(axes[0]) > 1, "a ball"
    assert (mask.data[mask.data != before] == 0).all(), "of WT nothing is left"
    undone(mask, before)


def test_erasing_a_region_leaves_the_next_outer_one(dock, mask):
    at = np.argwhere(CENTRE == 3).mean(axis=0).round()
    show(dock, mask, at)
    before = mask.data.copy()
    choose(dock, "ET")
    click(dock, "erase")
    drag(mask, at + np.array([0, 0, -4]), at + np.array([0, 0, 4]))
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
    drag(mask, at)
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
        drag(mask, seed)
    parts, _ = ndimage.label(to_lps(image(), GRID) >= 350)
    np.testing.assert_array_equal(mask.data == 3, parts == parts[tuple(seed)])
    undone(mask, empty)


def test_every_tool_says_what_it_does_and_is_one_step_of_undo(dock, mask, qtbot):
    tools = "fill_slice fill_3d copy_next copy_previous keep_largest smooth grow shrink"
    for tool in tools.split():
        one_tool(dock, mask, qtbot, tool)


def one_tool(dock, mask, qtbot, tool):
    before = mask.data.copy()
    at = middle()
    # where the next slice is another, and so is the one before
    at[0] = np.flatnonzero((before == 3).any(axis=(1, 2)))[-1 if tool == "copy_next" else 0]
    show(dock, mask, at)
    here = int(at[0])
    if tool == "shrink":
        choose(dock, "ET")
        find(dock, QDoubleSpinBox, "shrink_mm").setValue(2.5)
    elif tool == "grow":
        find(dock, QDoubleSpinBox, "grow_mm").setValue(2.5)
    elif tool == "smooth":
        find(dock, QDoubleSpinBox, "smooth_mm").setValue(2.0)
    change = run(dock, qtbot, tool)
    assert isinstance(change, Change) and len(change) > 0, dock.said
    assert dock.said.startswith(change.said)
    after = mask.data
    np.testing.assert_array_equal(after, change.applied(before))
    _, count = ndimage.label(after > 0, np.ones((3, 3, 3)))
    if tool == "keep_largest":
        assert count == 1
    elif tool.startswith("fill"):
        assert len(change) == 1 and change.before[0] == 0 and change.after[0] == 2
    elif tool == "grow":
        near = ndimage.distance_transform_edt(before == 0, sampling=mask.scale) <= 2.5
        np.testing.assert_array_equal(after > 0, near)
    elif tool == "shrink":
        away = ndimage.distance_transform_edt(before == 3, sampling=mask.scale)
        np.testing.assert_array_equal(after == 3, (before == 3) & (away > 2.5))
    elif tool.startswith("copy"):
        there = here + (1 if tool == "copy_next" else -1)
        np.testing.assert_array_equal(after[there], before[here])
        assert round(mask.world_to_data(dock.viewer.dims.point)[0]) == there, "the view follows"
    undone(mask, before)


def test_slices_between_are_interpolated_along_the_axis_shown(dock, mask, qtbot):
    dock.viewer.dims.order = (1, 0, 2)
    filled = np.flatnonzero((mask.data > 0).any(axis=(0, 2)))
    gap = np.zeros(mask.data.shape, bool)
    gap[:, filled[4:8]] = True
    mask.data_setitem(np.nonzero(gap & (mask.data > 0)), 0)
    before = mask.data.copy()
    show(dock, mask, middle())
    assert len(run(dock, qtbot, "between")) > 0
    assert (mask.data[:, filled[4:8]] > 0).any(axis=(0, 2)).all()
    undone(mask, before)


def test_small_parts_are_listed_before_they_go(dock, mask, qtbot):
    before = mask.data.copy()
    assert not find(dock, QListWidget, "islands").isVisibleTo(dock)
    islands = run(dock, qtbot, "find_islands")
    listed = find(dock, QListWidget, "islands")
    assert listed.count() == len(islands) == 1
    assert "1 voxels" in listed.item(0).text()
    np.testing.assert_array_equal(mask.data, before)
    listed.itemClicked.emit(listed.item(0))
    assert before[tuple(np.round(mask.world_to_data(dock.viewer.dims.point)).astype(int))] == 2
    change = run(dock, qtbot, "remove_islands")
    assert len(change) == 1 and listed.count() == 0
    undone(mask, before)


@pytest.mark.parametrize("name", ["fill_outline", "cut_inside", "cut_outside", "revert_box"])
def test_an_outline_cuts_fills_and_reverts_in_its_depth(dock, mask, qtbot, name):
    dock.viewer.dims.order = (2, 0, 1)
    at = middle()
    show(dock, mask, at)
    click(dock, "draw_outline")
    outline = dock.viewer.layers["outline"]
    assert dock.viewer.layers.selection.active is outline
    z, y, x = at
    square = [[z - 3, y - 4, x], [z - 3, y + 4, x], [z + 3, y + 4, x], [z + 3, y - 4, x]]
    outline.add_polygons(np.array(square))
    if name == "revert_box":
        mask.data_setitem(np.nonzero(mask.data), 0)
    before = mask.data.copy()
    find(dock, QCheckBox, "this_slice").setChecked(False)
    find(dock, QLabeledRangeSlider, "depth").setValue((int(x) - 1, int(x) + 2))
    change = run(dock, qtbot, name)
    assert isinstance(change, Change), dock.said
    assert dock.viewer.layers.selection.active is mask
    inside = np.zeros(before.shape, bool)
    inside[int(z) - 3 : int(z) + 4, int(y) - 4 : int(y) + 5, int(x) - 1 : int(x) + 3] = True
    slab = np.zeros(before.shape, bool)
    slab[:, :, int(x) - 1 : int(x) + 3] = True
    expected = {
        "fill_outline": np.where(inside & (before == 0), 2, before),
        "cut_inside": np.where(inside, 0, before),
        "cut_outside": np.where(slab & ~inside, 0, before),
        "revert_box": np.where(inside, CENTRE, before),
    }[name]
    np.testing.assert_array_equal(mask.data, expected)
    if len(change):
        undone(mask, before)


def test_corrections_are_taken_back_one_by_one_or_all(dock, mask, qtbot):
    first, second = np.array([4, 5, 6]), np.array([4, 30, 20])
    show(dock, mask, first)
    click(dock, "paint")
    drag(mask, first)
    one = mask.data.copy()
    drag(mask, second)
    two = mask.data.copy()
    click(dock, "take_back")
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        drag(mask, second)
    np.testing.assert_array_equal(mask.data, one)
    undone(mask, two)
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        drag(mask, middle())
    assert "Nothing was corrected" in dock.said
    run(dock, qtbot, "revert_all")
    np.testing.assert_array_equal(mask.data, CENTRE)
    undone(mask, two)


@pytest.mark.parametrize("four", [False, True])
def test_what_a_model_made_is_the_prediction(viewer, qtbot, four):
    from napari_acs.widgets.correct_dock import CorrectDock

    prediction = np.roll(labels(), 1, axis=0)
    prediction.setflags(write=False)
    layer = add_case(viewer, (1, 2, 4) if four else (1, 2, 3), prediction)
    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock, name="Correct")
    run(dock, qtbot, "revert_all")
    expected = np.where(prediction == 3, 4 if four else 3, prediction)
    np.testing.assert_array_equal(stored(layer), expected)


def test_only_changes_are_shown_and_followed(dock, mask, qtbot):
    show(dock, mask, np.array([4, 5, 6]))
    click(dock, "paint")
    drag(mask, np.array([4, 5, 6]))
    box = find(dock, QCheckBox, "only_changed")
    with qtbot.waitSignal(dock.differences.shown, timeout=WAIT) as heard:
        box.click()
    (layer,) = heard.args
    assert not mask.visible and dock.viewer.layers.selection.active is mask
    np.testing.assert_array_equal(layer.data > 0, mask.data != CENTRE)
    drag(mask, middle() * (1, 1, 0))
    changed = mask.data != CENTRE
    qtbot.waitUntil(lambda: np.array_equal(layer.data > 0, changed), timeout=WAIT)
    assert dock.target.masks == [mask], "what was changed is no mask itself"
    box.click()
    assert mask.visible and layer not in dock.viewer.layers


def test_two_masks_are_compared(dock, mask, qtbot):
    from napari.layers import Layer

    from napari_acs.viewer.info import LayerInfo
    from napari_acs.viewer.layers import labels_layer

    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        click(dock, "compare")
    assert "no other mask" in dock.said
    other = np.roll(labels(), 2, axis=1)
    info = LayerInfo(GRID, None, "Mustermann")
    dock.viewer.add_layer(Layer.create(*labels_layer(other, info, "second rater")))
    dock.viewer.layers.selection.active = mask
    with qtbot.waitSignal(dock.differences.shown, timeout=WAIT) as heard:
        click(dock, "compare")
    a, b = labels(), other
    kind = np.select([a == b, (a > 0) & (b > 0), a > 0], [0, 3, 1], 2)
    np.testing.assert_array_equal(stored(heard.args[0]), kind)
    ml = np.count_nonzero(kind == 2) * GRID.voxel_ml
    assert f"Only in second rater: {ml:.2f} ml" in dock.said


def test_an_edit_during_the_work_drops_the_result(dock, mask, qtbot):
    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        click(dock, "grow")
        mask.data_setitem((np.array([0]), np.array([0]), np.array([0])), 1)
    assert isinstance(heard.args[1], Failure)
    assert "was edited while" in dock.said
    expected = CENTRE.copy()
    expected[0, 0, 0] = 1
    np.testing.assert_array_equal(mask.data, expected)


def test_a_closed_mask_drops_its_tool_and_without_a_mask_there_is_a_sentence(dock, mask, qtbot):
    click(dock, "grow")
    dock.viewer.layers.remove(mask)
    assert dock.jobs.layer is None and "was closed" in dock.said
    assert isinstance(run(dock, qtbot, "grow"), Failure)
    assert "no mask" in dock.said


def test_refusals_are_sentences(dock, mask, qtbot):
    assert isinstance(run(dock, qtbot, "cut_inside"), Failure)
    assert "No outline is drawn" in dock.said
    dock.viewer.dims.ndisplay = 3
    run(dock, qtbot, "copy_next")
    assert "No slice is shown" in dock.said
    click(dock, "paint")
    before = mask.data.copy()
    drag(mask, middle())
    assert "No slice is shown" in dock.said
    dock.viewer.dims.ndisplay = 2
    mask.data_setitem((np.array([0, 0]), np.array([0, 1]), np.array([0, 0])), [4, 9])
    run(dock, qtbot, "grow")
    assert "both 3 and 4" in dock.said
    mask.undo()
    np.testing.assert_array_equal(mask.data, before)
    dock.viewer.add_labels(np.ones((9, 9), int), name="flat")
    run(dock, qtbot, "grow")
    assert "2 dimensions" in dock.said
    wide = dock.viewer.add_labels(np.ones((9, 9, 9), int))
    show(dock, wide, np.array([4, 4, 4]))
    run(dock, qtbot, "grow")
    assert "uint8" in dock.said


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
    drag(mask, middle())
    np.testing.assert_array_equal(mask.data, before)
    click(dock, "paint")
    click(dock, "paint")
    assert mask.mouse_pan and dock.mouse.name == ""


def test_masks_of_2021_keep_their_4(viewer, qtbot):
    from napari_acs.widgets.correct_dock import CorrectDock

    layer = add_case(viewer, (1, 2, 4))
    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock, name="Correct")
    choose(dock, "ET")
    assert layer.selected_label == 4
    show(dock, layer, np.array([4, 5, 6]))
    click(dock, "paint")
    drag(layer, np.array([4, 5, 6]))
    assert layer.data[4, 5, 6] == 4
    assert set(np.unique(layer.data)) == {0, 1, 2, 4}


def test_no_torch_is_loaded():
    code = "import sys; import napari_acs.widgets.correct_dock; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_closed_panel_gives_mouse_and_keys_back(dock, mask, qtbot):
    click(dock, "paint")
    assert len(mask.keymap) == 3 and not mask.mouse_pan
    with qtbot.waitSignal(dock.destroyed, timeout=WAIT):
        dock.viewer.window.remove_dock_widget(dock)
        dock.deleteLater()
    assert not mask.keymap and mask.mouse_pan
    before = mask.data.copy()
    drag(mask, middle())
    np.testing.assert_array_equal(mask.data, before)


def test_a_window_that_closes_drops_what_is_at_work(dock, mask, viewer, qtbot):
    mask.data_setitem(np.nonzero(mask.data), 2)
    edited = mask.data.copy()
    click(dock, "smooth")
    click(dock, "edit_cost")
    viewer.close()
    qtbot.wait(1000)  # what a worker raises or says now fails the test
    np.testing.assert_array_equal(mask.data, edited)
