"""What the panel's settings mean to a click: radius, plane, range, and how ET is numbered."""

# ruff: noqa: PLC0415
from __future__ import annotations

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
    drag,
    find,
    image,
    labels,
    middle,
    run,
    show,
)

from napari_acs.imaging import to_lps
from napari_acs.review.correct import Change


def clicked(dock, layer, at, qtbot):
    """Click on a voxel with the tool in hand, and return what it ended with."""
    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        drag(dock, layer, at)
    assert isinstance(heard.args[1], Change), dock.said
    return heard.args[1]


def farthest_mm(layer, at, changed):
    return np.linalg.norm((np.argwhere(changed) - at) * layer.scale, axis=1).max()


@pytest.mark.parametrize("tool", ["paint", "smart_paint"])
def test_the_radius_is_the_slider_s_in_mm(dock, mask, qtbot, tool):
    """On plain ground, where the images say nothing, a smart click nearly fills its ball."""
    dock.viewer.layers["T1"].data = np.ones(CENTRE.shape, np.float32)
    mask.data_setitem(np.nonzero(mask.data), 0)
    at = np.array(CENTRE.shape) // 2
    show(dock, mask, at)
    click(dock, tool)
    reached = []
    for radius in (3.0, 6.0, 9.0):
        find(dock, QLabeledDoubleSlider, "radius").setValue(radius)
        if tool == "paint":
            drag(dock, mask, at)
        else:
            clicked(dock, mask, at, qtbot)
        reached.append(farthest_mm(mask, at, mask.data > 0))
        mask.undo()
    assert all(0.75 * r < far <= r + 1e-6 for r, far in zip((3, 6, 9), reached, strict=True))


@pytest.mark.parametrize("tool", ["flood", "smart_paint"])
def test_a_click_stays_in_the_slice_of_each_view_unless_3d_is_chosen(dock, mask, qtbot, tool):
    bright = to_lps(image(), GRID) >= 350
    mask.data_setitem(np.nonzero(mask.data == 3), 1)
    at = np.argwhere(ndimage.binary_erosion(bright))[0]
    choose(dock, "ET")
    find(dock, QLabeledDoubleRangeSlider, "range").setValue((350, 450))
    click(dock, tool)
    for axis, order in enumerate(((0, 1, 2), (1, 0, 2), (2, 0, 1))):
        dock.viewer.dims.order = order
        show(dock, mask, at)
        clicked(dock, mask, at, qtbot)
        here = np.indices(CENTRE.shape)[axis] == at[axis]
        painted = mask.data == 3
        assert painted.sum() > 20 and not (painted & ~here).any()
        if tool == "flood":
            parts, _ = ndimage.label(bright & here)
            np.testing.assert_array_equal(painted, parts == parts[tuple(at)])
        mask.undo()
    find(dock, QCheckBox, "ball").setChecked(True)
    clicked(dock, mask, at, qtbot)
    assert all(np.ptp(axis) > 0 for axis in np.nonzero(mask.data == 3))


def test_the_range_on_the_canvas_colours_what_is_in_it_and_nothing_else(dock, mask):
    find(dock, QLabeledDoubleRangeSlider, "range").setValue((150, 250))
    find(dock, QCheckBox, "show_range").setChecked(True)
    layer = dock.viewer.layers["range of T1"]
    low, high = layer.contrast_limits
    places = (np.array([low - 50, low + 1, (low + high) / 2, high - 1, high + 50]) - low) / (
        high - low
    )
    colours = layer.colormap.map(places)
    np.testing.assert_array_equal(colours[:, 3], [0, 1, 1, 1, 0])
    assert np.ptp(colours[1:4], axis=0).max() == 0, "one colour"
    assert np.ptp(colours[2, :3]) > 0.3, "that no grey image has"
    assert 0.2 < layer.opacity < 0.8, "over an image that is seen still"


@pytest.fixture
def mask_with_4(viewer):
    """Return the dock and a mask with 1/2/4 of a model that writes 1/2/3."""
    from napari_acs.widgets.correct_dock import CorrectDock

    prediction = labels()
    prediction.setflags(write=False)
    layer = add_case(viewer, (1, 2, 4), prediction)
    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock, name="Correct")
    yield dock, layer
    dock.jobs.drop()


def test_what_is_reverted_of_a_mask_with_4_is_4_again(mask_with_4, qtbot):
    dock, layer = mask_with_4
    before, at = layer.data.copy(), middle(3)
    assert set(np.unique(before)) == {0, 1, 2, 4}
    at = np.argwhere(before == 4)[5]
    place = tuple(np.array([i]) for i in at)
    show(dock, layer, at)
    layer.data_setitem(place, 2)
    click(dock, "take_back")
    assert len(clicked(dock, layer, at, qtbot)) == 1
    np.testing.assert_array_equal(layer.data, before)
    layer.data_setitem(place, 2)
    click(dock, "draw_outline")
    z, y, x = at
    corners = [(z, y - 3, x - 3), (z, y - 3, x + 3), (z, y + 3, x + 3), (z, y + 3, x - 3)]
    dock.viewer.layers["outline"].add_polygons(np.array(corners, float))
    assert len(run(dock, qtbot, "revert_box")) == 1
    np.testing.assert_array_equal(layer.data, before)


def test_a_flood_over_a_bad_range_paints_nothing_and_says_how_much_it_would_take(
    dock, mask, qtbot, monkeypatch
):
    from napari_acs.widgets import correct_clicks

    monkeypatch.setattr(correct_clicks, "_MOST_ML", 1.0)
    before, at = mask.data.copy(), middle()
    show(dock, mask, at)
    find(dock, QLabeledDoubleRangeSlider, "range").setValue((-50, 450))  # all that there is
    find(dock, QCheckBox, "ball").setChecked(True)
    click(dock, "flood")
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        drag(dock, mask, at)
    assert f"found {before.size * np.prod(mask.scale) / 1000:.0f} ml" in dock.said
    np.testing.assert_array_equal(mask.data, before)
    find(dock, QCheckBox, "ball").setChecked(False)
    monkeypatch.setattr(correct_clicks, "_MOST_ML", 10.0)
    clicked(dock, mask, at, qtbot)


def test_a_flood_hears_stop(dock, mask, qtbot, monkeypatch):
    from time import sleep

    from napari_acs.imaging.cancel import stop_if
    from napari_acs.widgets import correct_clicks

    begun = []

    def endless(*args, cancelled, **options):
        begun.append(True)
        while True:
            stop_if(cancelled)
            sleep(0.01)

    monkeypatch.setattr(correct_clicks, "flood", endless)
    show(dock, mask, middle())
    click(dock, "flood")
    drag(dock, mask, middle())
    qtbot.waitUntil(lambda: bool(begun), timeout=WAIT)
    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        click(dock, "stop")
    assert heard.args[1].kind == "cancelled"
