"""The Correct panel when something is in the way: edits meanwhile, closed layers, bad input."""

# ruff: noqa: PLC0415
from __future__ import annotations

import subprocess
import sys
from threading import Event, current_thread, main_thread

import numpy as np
import pytest
from qtpy.QtWidgets import QDoubleSpinBox
from widgets.correct_case import CENTRE, WAIT, click, drag, middle, run, show

from napari_acs.inference.messages import Failure
from napari_acs.review.correct import Canvas, Change, grow
from napari_acs.viewer.correcting import snapshot
from napari_acs.widgets import correct_jobs


@pytest.mark.parametrize("when", ["before the copy", "after it"])
def test_an_edit_during_the_work(dock, mask, qtbot, monkeypatch, when):
    """The mask is copied in the worker: an edit is in the result, or the result is dropped."""
    ready, edited, copying = Event(), Event(), []

    def copied(canvas):
        copying.append(current_thread())
        if when == "before the copy":
            ready.set()
            assert edited.wait(WAIT / 1000)
        seen = snapshot(canvas)
        ready.set()
        assert edited.wait(WAIT / 1000)
        return seen

    monkeypatch.setattr(correct_jobs, "snapshot", copied)
    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        click(dock, "grow")
        assert ready.wait(WAIT / 1000)
        mask.data_setitem((np.array([0]), np.array([0]), np.array([0])), 1)
        edited.set()
    assert copying != [main_thread()]
    expected = CENTRE.copy()
    expected[0, 0, 0] = 1
    if when == "after it":
        assert isinstance(heard.args[1], Failure)
        assert "was edited while" in dock.said
        np.testing.assert_array_equal(mask.data, expected)
    else:
        mm = dock.panel.findChild(QDoubleSpinBox, "grow_mm").value()
        change = grow(Canvas(expected, mask.scale), dock.panel.brush.chosen.region, mm)
        np.testing.assert_array_equal(mask.data, change.applied(expected))


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
    drag(dock, mask, middle())
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


@pytest.mark.parametrize("kind", ["int64", "read-only"])
def test_what_a_mask_needs_before_it_can_be_corrected_is_said_and_is_enough(
    dock, viewer, qtbot, kind
):
    from napari.layers._layer_actions import _convert_dtype, _duplicate_layer

    array = np.pad(np.full((5, 7, 9), 2, "int64" if kind == "int64" else "uint8"), 5)
    array.setflags(write=kind == "int64")
    layer = viewer.add_labels(array, name="foreign")
    at = np.array([7, 2, 2])
    click(dock, "paint")
    show(dock, layer, at)
    drag(dock, layer, at)
    advice = "Convert to uint8" if kind == "int64" else "Duplicate Layer"
    assert kind in dock.said and advice in dock.said and not layer._staged_history
    assert isinstance(run(dock, qtbot, "grow"), Failure) and advice in dock.said
    if kind == "int64":
        _convert_dtype(viewer.layers, "uint8")
    else:
        _duplicate_layer(viewer.layers)
        viewer.layers.selection.active = layer = viewer.layers[-1]
    drag(dock, layer, at)
    assert np.count_nonzero(layer.data) > np.count_nonzero(array), dock.said
    assert isinstance(run(dock, qtbot, "grow"), Change), dock.said


def test_no_torch_is_loaded():
    code = "import sys; import napari_acs.widgets.correct_dock; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_closed_panel_gives_mouse_and_keys_back(dock, mask, qtbot):
    click(dock, "paint")
    assert len(mask.keymap) == 5 and not mask.mouse_pan
    with qtbot.waitSignal(dock.destroyed, timeout=WAIT):
        dock.viewer.window.remove_dock_widget(dock)
        dock.deleteLater()
    assert not mask.keymap and mask.mouse_pan
    before = mask.data.copy()
    drag(dock, mask, middle())
    np.testing.assert_array_equal(mask.data, before)


def test_a_window_that_closes_drops_what_is_at_work(dock, mask, viewer, qtbot):
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
        mask.data_setitem(np.nonzero(mask.data), 2)
    edited = mask.data.copy()
    assert dock.measuring.cost.pending
    click(dock, "smooth")
    viewer.close()
    qtbot.wait(1000)  # what a worker raises or says now fails the test
    np.testing.assert_array_equal(mask.data, edited)
