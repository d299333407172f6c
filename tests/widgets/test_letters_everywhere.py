"""Sides are named whichever panel is open, once."""

from __future__ import annotations

import gc

import pytest


def text(viewer, side="left"):
    overlay = viewer.canvas.overlays.get(f"napari_acs_letters_{side}")
    return overlay.text if overlay is not None and overlay.visible else ""


@pytest.fixture
def opened(viewer, acs_plugin):
    return lambda name: viewer.window.add_plugin_dock_widget("napari-acs", name)


@pytest.mark.parametrize("name", ["Segment", "Correct", "Classify", "Review"])
def test_sides_have_letters_with_each_panel_alone(viewer, opened, add, name):
    opened(name)
    gc.collect()
    add("T1")
    assert (text(viewer, "left"), text(viewer, "right")) == ("R", "L")
    viewer.dims.order = (1, 0, 2)
    assert (text(viewer, "top"), text(viewer, "bottom")) == ("S", "I")  # the head is up


def test_letters_stay_until_the_last_panel_goes(viewer, opened, add, qtbot):
    segment, _ = opened("Segment")
    correct, _ = opened("Correct")
    add("T1")
    assert text(viewer) == "R"
    for dock, left in ((segment, "R"), (correct, "")):
        inner = dock.widget()
        viewer.window.remove_dock_widget(dock)
        with qtbot.waitSignal(inner.destroyed, timeout=5000):
            inner.deleteLater()
        viewer.dims.order = (0, 1, 2)
        assert text(viewer) == left


def test_the_box_of_the_segment_panel_is_heard_with_others_open(viewer, opened, add):
    opened("Review")
    _, segment = opened("Segment")
    add("T1")
    segment.views.letters.on = False
    assert text(viewer) == ""
