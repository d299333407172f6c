"""The tools of the Correct panel, clicked: every one does what it says, and undo takes it back."""

from __future__ import annotations

from threading import Event
from time import sleep

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QLabel, QListWidget, QPushButton
from scipy import ndimage
from superqt import QLabeledRangeSlider
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
    undone,
)

from napari_acs.inference.messages import Failure
from napari_acs.review.correct import Change, grow
from napari_acs.widgets import correct_operations, correct_parts


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


@pytest.mark.parametrize("where", ["3D", "beyond the mask"])
def test_tools_for_the_whole_mask_need_no_slice(dock, mask, qtbot, where):
    before = mask.data.copy()
    if where == "3D":
        dock.viewer.dims.ndisplay = 3
    else:
        dock.viewer.dims.set_range(0, (-900, 900, 2))
        dock.viewer.dims.point = (-500, 0, 0)
    tools = "fill_3d keep_largest smooth grow shrink find_islands remove_islands"
    for tool in tools.split():
        value = run(dock, qtbot, tool)
        assert not isinstance(value, Failure), dock.said
        if tool != "find_islands":
            undone(mask, before)
    for tool in ("copy_next", *(("fill_slice",) if where == "3D" else ())):
        assert isinstance(run(dock, qtbot, tool), Failure)


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
    mask.undo()
    gap[:] = False
    gap[:, middle(3).astype(int)[1]] = True
    mask.data_setitem(np.nonzero(gap & (mask.data == 3)), 1)
    before = mask.data.copy()
    choose(dock, "ET")
    change = run(dock, qtbot, "between")
    assert len(change) and set(change.before) == {1} and set(change.after) == {3}
    assert gap[change.where(gap.shape)].all()
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


def test_removed_are_the_parts_listed_and_no_others(dock, mask, qtbot):
    """A list is forgotten once it is of another region, an edited mask, or another mask."""
    speck = tuple(np.array([each]) for each in (1, 1, 1))
    mask.data_setitem(speck, 3)
    listed = find(dock, QListWidget, "islands")
    button = find(dock, QPushButton, "remove_islands")
    count = find(dock, QLabel, "island_count")

    def lists(region, parts):
        choose(dock, region)
        run(dock, qtbot, "find_islands")
        assert count.text().startswith(f"{region}: {parts} part") and button.isEnabled()

    def forgotten():
        return not listed.count() and not count.text() and not button.isEnabled()

    lists("WT", 2)
    choose(dock, "ET")
    assert forgotten()
    lists("ET", 1)
    dock.panel.brush.choose("TC")  # as keys 1 to 3 do
    assert forgotten()

    lists("WT", 2)
    show(dock, mask, np.array([1, 1, 20]))
    qtbot.wait(300)
    assert listed.count() == 2, "another slice is no edit"
    click(dock, "paint")
    drag(dock, mask, np.array([1, 1, 20]))
    before = mask.data.copy()
    button.click()  # at once: nobody has seen what the stroke made of the parts
    qtbot.waitUntil(lambda: "edited since" in dock.said, timeout=WAIT)
    np.testing.assert_array_equal(mask.data, before)
    qtbot.waitUntil(forgotten, timeout=WAIT)
    lists("WT", 3)
    mask.undo()
    qtbot.waitUntil(forgotten, timeout=WAIT)

    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        choose(dock, "WT")
        click(dock, "find_islands")
        choose(dock, "ET")  # while they are looked for
    assert forgotten() and "List the parts again" in dock.said
    lists("ET", 1)
    change = run(dock, qtbot, "remove_islands")
    assert len(change) == 1 and mask.data[1, 1, 1] != 3
    lists("WT", 2)
    add_case(dock.viewer)
    assert forgotten()


@pytest.mark.parametrize("tool", ["grow", "shrink", "keep_largest", "find_islands"])
def test_quick_tools_ask_whether_to_stop(dock, mask, qtbot, monkeypatch, tool):
    heard = []
    names = {"find_islands": correct_parts}
    where = names.get(tool, correct_operations)
    real = getattr(where, tool)
    monkeypatch.setattr(
        where, tool, lambda *a, **kw: heard.append(kw["cancelled"]) or real(*a, **kw)
    )
    run(dock, qtbot, tool)
    assert heard[0]() is False


def test_growing_stays_out_of_the_air_of_the_images(dock, mask, qtbot, viewer):
    image = viewer.layers["T1"]
    image.data[:, : np.flatnonzero((mask.data > 0).any(axis=(0, 2)))[0]] = 0
    before = mask.data.copy()
    find(dock, QDoubleSpinBox, "grow_mm").setValue(4.0)
    change = run(dock, qtbot, "grow")
    assert len(change) and not (image.data[mask.data > before] == 0).any()
    assert "but not into the air" in dock.said


@pytest.mark.parametrize("late", [False, True], ids=["at work", "done, not shown"])
def test_a_tool_that_was_stopped_changes_nothing(dock, mask, qtbot, monkeypatch, late):
    """Also where a tool does not ask whether to stop."""
    started, go, done = Event(), Event(), Event()

    def slow(*args, **_):
        started.set()
        assert go.wait(20)
        change = grow(*args)
        done.set()
        return change

    monkeypatch.setattr(correct_operations, "grow", slow)
    before = mask.data.copy()
    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        click(dock, "grow")
        assert started.wait(20)
        if late:
            go.set()
            assert done.wait(20)
            sleep(0.5)  # the worker hands over what it has; this thread has not looked yet
        click(dock, "stop")
        go.set()
    assert heard.args[1].kind == "cancelled"
    assert dock.said == "Cancelled. Nothing was changed."
    np.testing.assert_array_equal(mask.data, before)
    assert len(run(dock, qtbot, "grow")) > 0, "the next one is not stopped"


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
