"""The brush and the click tools on the linked canvases, by the mouse on the real ones."""

# ruff: noqa: PLC0415
from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QCheckBox, QPushButton
from superqt import QLabeledDoubleSlider
from widgets.correct_case import WAIT, add_case, choose, click, find, middle, show, undone

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 1000)
    return viewer


@pytest.fixture
def linked(viewer, dock, qtbot):
    from napari_acs.widgets.view_bar import ViewBar
    from napari_acs.widgets.view_control import ViewControl

    bar = ViewBar()
    bar.control = ViewControl(viewer, bar, bar)
    viewer.window.add_dock_widget(bar, name="Views")
    bar.findChild(QCheckBox, "view_three").click()
    three = bar.control.three
    qtbot.waitUntil(lambda: all(each.isVisible() for each in three.canvases), timeout=WAIT)
    qtbot.wait(200)  # sizes settle, planes are fitted
    return three  # napari's fixture looks whether its canvases are gone in the end


def native(canvas):
    from napari.qt import QtViewer

    return canvas.findChild(QtViewer).canvas.native


def at_point(canvas) -> QPoint:
    from napari_acs.viewer.crosshair import pixel_of

    row, column = pixel_of(canvas.model)
    return QPoint(round(column), round(row))


def changed_in_plane(mask, before, canvas, at) -> np.ndarray:
    """Return what changed (n, 3), after a look that it all lies in the canvas's plane."""
    changed = np.argwhere(mask.data != before)
    axis = canvas.model.dims.order[0]
    assert axis != 0, "the window shows the axial plane"
    assert len(changed) > 4
    assert set(changed[:, axis]) == {int(at[axis])}
    return changed


def test_a_stroke_on_a_linked_canvas_is_one_of_the_mask(dock, mask, linked, qtbot):
    at, before = middle(), mask.data.copy()
    show(dock, mask, at)
    where = dock.viewer.dims.point
    choose(dock, "WT")
    find(dock, QLabeledDoubleSlider, "radius").setValue(3.0)
    click(dock, "erase")
    assert len(linked.canvases) == 2
    for canvas in linked.canvases:
        assert str(canvas.model.cursor.style) == "circle"
        assert canvas.model.cursor.size == pytest.approx(6.0)
        begin = at_point(canvas)
        qtbot.mousePress(native(canvas), LEFT, pos=begin)
        for pixels in (8, 16, 24):
            qtbot.mouseMove(native(canvas), begin + QPoint(pixels, 0))
            QApplication.processEvents()
        qtbot.mouseRelease(native(canvas), LEFT, pos=begin + QPoint(24, 0))
        changed = changed_in_plane(mask, before, canvas, at)
        assert at.tolist() in changed.tolist()
        across = canvas.model.dims.order[-1]
        moved = 24 / canvas.model.scene.camera.zoom / mask.scale[across]
        reached = 2 * 3.0 / mask.scale[across] + moved
        assert np.ptp(changed[:, across]) == pytest.approx(reached, abs=1.5)
        assert dock.viewer.dims.point == where, "neither a click nor a pan"
        undone(mask, before)


def test_keys_on_a_linked_canvas_are_the_window_s(dock, mask, linked, qtbot):
    """A click there takes the keyboard: undo, regions and views would go to the twins."""
    at, before = middle(), mask.data.copy()
    show(dock, mask, at)
    choose(dock, "WT")
    click(dock, "erase")
    planes = [canvas.model.dims.order for canvas in linked.canvases]
    for canvas in linked.canvases:
        held = native(canvas)
        begin = at_point(canvas)
        qtbot.mousePress(held, LEFT, pos=begin)
        for pixels in (8, 16):
            qtbot.mouseMove(held, begin + QPoint(pixels, 0))
            QApplication.processEvents()
        assert not np.array_equal(mask.data, before)
        qtbot.keyClick(held, Qt.Key.Key_Z, CONTROL)  # in the middle of the stroke
        np.testing.assert_array_equal(mask.data, before)
        qtbot.mouseMove(held, begin + QPoint(24, 0))
        qtbot.mouseRelease(held, LEFT, pos=begin + QPoint(24, 0))
        np.testing.assert_array_equal(mask.data, before)
        qtbot.mouseClick(held, LEFT, pos=begin)
        erased = mask.data.copy()
        assert not np.array_equal(erased, before)
        qtbot.keyClick(held, Qt.Key.Key_Z, CONTROL)
        np.testing.assert_array_equal(mask.data, before)
        qtbot.keyClick(held, Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
        np.testing.assert_array_equal(mask.data, erased)
        mask.undo()
        qtbot.keyClick(held, Qt.Key.Key_3)
        assert dock.panel.brush.chosen.name == "ET"
        qtbot.keyClick(held, Qt.Key.Key_1)
        assert dock.panel.brush.chosen.name == "WT"
        qtbot.keyClick(held, Qt.Key.Key_T, CONTROL)  # napari's: axes the other way round
    assert [canvas.model.dims.order for canvas in linked.canvases] == planes


def test_a_smart_click_on_a_linked_canvas_stays_in_its_plane(dock, mask, linked, qtbot):
    at, before = middle(), mask.data.copy()
    show(dock, mask, at)
    choose(dock, "WT")
    click(dock, "smart_erase")
    where = dock.viewer.dims.point
    assert len(linked.canvases) == 2
    for canvas in linked.canvases:
        with qtbot.waitSignal(dock.finished, timeout=WAIT):
            qtbot.mouseMove(native(canvas), at_point(canvas) + QPoint(1, 0))
            qtbot.mouseClick(native(canvas), LEFT, pos=at_point(canvas) + QPoint(1, 0))
        assert dock.viewer.dims.point == where, "the crosshair keeps out of a tool's way"
        changed_in_plane(mask, before, canvas, at)
        undone(mask, before)


def test_the_canvas_has_its_mouse_back_without_a_tool_of_ours(dock, mask, linked, qtbot):
    show(dock, mask, middle())
    click(dock, "paint")
    canvas = linked.canvases[0]
    camera = canvas.model.scene.camera
    assert not camera.mouse_pan
    dock.viewer.layers.selection.active = dock.viewer.layers[0]
    assert camera.mouse_pan, "the image is selected"
    dock.viewer.layers.selection.active = mask
    assert not camera.mouse_pan
    dock.findChild(QPushButton, "paint").click()
    assert camera.mouse_pan
    assert str(canvas.model.cursor.style) == "standard"
    mask.mode = "paint"
    assert camera.mouse_pan, "napari's own brush works in the window alone"
    mask.mode = "pan_zoom"
    before, where = mask.data.copy(), dock.viewer.dims.point
    spot = at_point(canvas) + QPoint(20, 0)
    qtbot.mouseMove(native(canvas), spot)
    qtbot.mouseClick(native(canvas), LEFT, pos=spot)
    qtbot.waitUntil(lambda: dock.viewer.dims.point != where, timeout=WAIT)
    np.testing.assert_array_equal(mask.data, before)
    add_case(dock.viewer)  # and a layer that comes takes nothing away
    assert camera.mouse_pan
