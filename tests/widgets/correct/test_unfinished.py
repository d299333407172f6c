"""A stroke that napari never says the end of: what was painted is one step, and so is the next."""

# ruff: noqa: PLC0415
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from widgets.correct_case import add_case, choose, click, middle, run, show


def pressed(dock, layer, *places):
    """Press on a voxel (z, y, x) and drag to others as napari does; return the held event."""
    from napari.utils._proxies import ReadOnlyWrapper
    from napari.utils.interactions import mouse_move_callbacks, mouse_press_callbacks

    for number, place in enumerate(places):
        event = SimpleNamespace(
            type="mouse_move" if number else "mouse_press",
            button=1,
            modifiers=(),
            is_dragging=True,
            position=layer.data_to_world(place),
            view_direction=None,
            dims_displayed=list(dock.viewer.dims.displayed),
            dims_point=list(dock.viewer.dims.point),
        )
        tell = mouse_move_callbacks if number else mouse_press_callbacks
        tell(dock.viewer.layers.selection.active, ReadOnlyWrapper(event))


def moved(layer, place):
    from napari.utils.interactions import mouse_move_callbacks

    event = SimpleNamespace(
        type="mouse_move", is_dragging=True, position=layer.data_to_world(place)
    )
    mouse_move_callbacks(layer, event)


def let_go(dock, layer, place):
    from napari.utils.interactions import mouse_release_callbacks

    event = SimpleNamespace(type="mouse_release", button=1, position=layer.data_to_world(place))
    mouse_release_callbacks(dock.viewer.layers.selection.active, event)


@pytest.fixture
def erasing(dock, mask):
    show(dock, mask, middle())
    choose(dock, "WT")
    dock.target.choose(mask)
    click(dock, "erase")
    return middle()


def one_step_each(dock, mask, qtbot, before, stroke):
    """Take a tool's step and the stroke back, one after the other."""
    assert not np.array_equal(stroke, before)
    run(dock, qtbot, "grow")
    assert not np.array_equal(mask.data, stroke)
    mask.undo()
    np.testing.assert_array_equal(mask.data, stroke)
    mask.undo()
    np.testing.assert_array_equal(mask.data, before)


def test_a_layer_that_arrives_and_is_not_selected_leaves_the_stroke_in_hand(
    dock, mask, viewer, erasing, qtbot
):
    """As the other images of a case in a review, which come while the reader has begun."""
    before = mask.data.copy()
    pressed(dock, mask, erasing, erasing + np.array((0, 2, 2)))
    viewer.add_image(np.zeros(mask.data.shape), scale=mask.scale, name="arrived")
    viewer.layers.selection.active = mask
    qtbot.wait(50)
    begun = mask.data.copy()
    moved(mask, erasing + np.array((0, 6, 6)))
    assert not np.array_equal(mask.data, begun)
    let_go(dock, mask, erasing)
    one_step_each(dock, mask, qtbot, before, mask.data.copy())


def test_a_layer_that_arrives_ends_the_stroke(dock, mask, erasing, qtbot):
    """A segmentation that is done while the mouse is held: its layer is selected then."""
    before = mask.data.copy()
    pressed(dock, mask, erasing, erasing + np.array((0, 2, 2)))
    dock.viewer.add_image(np.zeros(mask.data.shape), scale=mask.scale, name="arrived")
    let_go(dock, mask, erasing)
    qtbot.wait(50)
    stroke = mask.data.copy()
    dock.target.choose(mask)
    one_step_each(dock, mask, qtbot, before, stroke)


def test_another_mask_that_arrives_ends_the_stroke(dock, mask, erasing, qtbot):
    before = mask.data.copy()
    pressed(dock, mask, erasing, erasing + np.array((0, 2, 2)))
    other = add_case(dock.viewer)
    assert dock.target.layer is other
    let_go(dock, mask, erasing)
    stroke = mask.data.copy()
    dock.target.choose(mask)
    one_step_each(dock, mask, qtbot, before, stroke)


def test_a_press_ends_the_stroke_before_it(dock, mask, erasing, qtbot):
    """Where the window has lost the mouse to another one while it was held."""
    before = mask.data.copy()
    pressed(dock, mask, erasing, erasing + np.array((0, 2, 2)))
    first = mask.data.copy()
    pressed(dock, mask, erasing + np.array((0, -4, -4)), erasing + np.array((0, -6, -4)))
    let_go(dock, mask, erasing)
    second = mask.data.copy()
    mask.undo()
    np.testing.assert_array_equal(mask.data, first)
    mask.redo()
    np.testing.assert_array_equal(mask.data, second)
    mask.undo()
    one_step_each(dock, mask, qtbot, before, first)


def test_another_button_leaves_the_stroke_in_hand(dock, mask, erasing):
    pressed(dock, mask, erasing, erasing + np.array((0, 2, 2)))
    before = mask.data.copy()
    assert not list(dock.mouse.brush(mask, SimpleNamespace(button=2)))
    moved(mask, erasing + np.array((0, 6, 6)))
    assert not np.array_equal(mask.data, before), "the left one is held still"


@pytest.mark.parametrize("smaller", [False, True])
def test_undo_begins_anew_where_the_array_was_replaced(dock, mask, qtbot, smaller):
    """napari keeps the steps: they would be written into an array that they are not of."""
    mask.data_setitem(np.nonzero(mask.data == 3), 1)
    other = np.zeros((5, 5, 5) if smaller else mask.data.shape, np.uint8)
    other[2:4, 2:4, 2:4] = 2
    mask.data = other.copy()
    assert "cannot be undone" in dock.said
    click(dock, "undo")
    click(dock, "redo")
    np.testing.assert_array_equal(mask.data, other)
    run(dock, qtbot, "grow")
    assert not np.array_equal(mask.data, other)
    click(dock, "undo")
    np.testing.assert_array_equal(mask.data, other)


def test_undo_goes_on_where_the_data_type_alone_is_another(dock, mask):
    before = mask.data.copy()
    mask.data_setitem(np.nonzero(mask.data == 3), 1)
    mask.data = mask.data.astype(np.int64)
    mask.data = mask.data.astype(np.uint8)
    assert "cannot be undone" not in dock.said
    click(dock, "undo")
    np.testing.assert_array_equal(mask.data, before)


def test_a_panel_that_follows_another_mask_leaves_the_first_one_alone(dock, mask, viewer):
    add_case(viewer)
    dock.panel.message.clear()
    mask.data = np.zeros_like(mask.data)
    assert "cannot be undone" not in dock.said


@pytest.mark.parametrize("kind", ["hidden", "moved", "scaled"])
def test_a_stroke_ends_where_its_mask_is_hidden_or_moved(dock, mask, viewer, erasing, kind):
    if kind == "scaled":
        array, place = mask.data.copy(), {"scale": mask.scale, "translate": mask.translate}
        mask = viewer.add_labels(array, **place)  # of no file
        dock.target.choose(mask)
    before = mask.data.copy()
    pressed(dock, mask, erasing)
    begun = mask.data.copy()
    was = mask.scale, mask.translate
    mask.visible = kind != "hidden"
    mask.translate = mask.translate + (5 if kind == "moved" else 0)
    mask.scale = mask.scale * (2 if kind == "scaled" else 1)
    moved(mask, erasing + np.array((0, 3, 3)))
    assert {"hidden": "is hidden", "moved": "was moved", "scaled": "scale"}[kind] in dock.said
    np.testing.assert_array_equal(mask.data, begun)
    mask.visible, (mask.scale, mask.translate) = True, was
    assert not np.array_equal(begun, before)
    mask.undo()
    np.testing.assert_array_equal(mask.data, before)


@pytest.fixture
def window(make_napari_viewer):
    """Return a viewer whose window has the keyboard."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1000, 800)
    return viewer


def test_undo_by_key_in_a_stroke_takes_that_stroke_back(window, qtbot):
    """napari takes back the step before, under the stroke's paint: neither is undone right then."""
    from napari.qt import QtViewer
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QMainWindow

    from napari_acs.widgets.correct_dock import CorrectDock

    mask = add_case(window)
    dock = CorrectDock(window)
    window.window.add_dock_widget(dock, name="Correct")
    at = middle()
    show(dock, mask, at)
    dock.target.choose(mask)
    first = mask.data.copy()
    near = tuple(np.s_[int(i) - 2 : int(i) + 3] for i in at)
    places = tuple(axis.reshape(-1) for axis in np.mgrid[near])
    mask.data_setitem(places, 0)
    before = mask.data.copy()
    choose(dock, "WT")
    click(dock, "paint")
    pressed(dock, mask, at, at + np.array((0, 2, 2)))
    assert not np.array_equal(mask.data, before)
    main = next(each for each in dock_parents(dock) if isinstance(each, QMainWindow))
    canvas = main.findChild(QtViewer).canvas.native
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(mask.data, before)
    assert "taken back" in dock.said
    moved(mask, at + np.array((0, 6, 6)))
    let_go(dock, mask, at)
    np.testing.assert_array_equal(mask.data, before, "the mouse is let go before it paints again")
    qtbot.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(mask.data, first)
    mask.redo()
    mask.redo()
    assert not np.array_equal(mask.data, before), "the stroke comes again"
    mask.undo()
    np.testing.assert_array_equal(mask.data, before)
    (undo,) = [act for key, act in mask.keymap.items() if str(key) == "Ctrl+Z"]
    undo(mask)
    np.testing.assert_array_equal(mask.data, first, "the stroke's own key has gone with it")


def dock_parents(widget):
    while (widget := widget.parentWidget()) is not None:
        yield widget
