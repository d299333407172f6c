"""What collections of garbage pass over while somebody works, and that closed layers go."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from napari_acs.widgets.collection import Passing


@pytest.fixture(autouse=True)
def nothing_is_passed_over():
    """The tests themselves have collections pass over things; not these."""
    gc.unfreeze()
    yield
    gc.unfreeze()


@pytest.fixture
def passing():
    passing = Passing()
    yield passing
    passing.end()


@pytest.fixture
def collections():
    """How many objects each full collection passed over, as they are made."""
    seen = []

    def look(phase, info):
        if phase == "start" and info["generation"] == 2:
            seen.append(gc.get_freeze_count())

    gc.callbacks.append(look)
    yield seen
    gc.callbacks.remove(look)


def a_layer(viewer):
    return weakref.ref(viewer.add_labels(np.zeros((4, 5, 6), np.uint8)))


def test_a_layer_that_came_later_goes_as_always(viewer, passing, collections):
    a_layer(viewer)
    passing.begin(viewer)
    later = a_layer(viewer)
    collections.clear()
    viewer.layers.remove(later())
    assert collections
    assert min(collections) > 100_000, "the window, Python's modules"
    gc.collect()
    assert later() is None


def test_a_layer_that_was_there_is_freed_when_it_is_closed(viewer, qtbot, passing, collections):
    first, second = a_layer(viewer), a_layer(viewer)
    passing.begin(viewer)
    assert gc.get_freeze_count()
    collections.clear()
    viewer.layers.remove(first())
    assert collections == [0], "napari's own looks at everything that there is of the layer"
    viewer.layers.remove(second())
    qtbot.waitUntil(lambda: gc.get_freeze_count() > 0, timeout=10_000)
    assert first() is None
    assert second() is None
    passing.end()
    assert not gc.get_freeze_count()


def test_what_somebody_else_stopped_stays_stopped(viewer, passing):
    gc.freeze()
    passing.begin(viewer)
    layer = a_layer(viewer)
    viewer.layers.remove(layer())
    passing.end()
    assert gc.get_freeze_count()


def test_nothing_is_passed_over_after_the_end(viewer, qtbot, passing):
    layer = a_layer(viewer)
    passing.begin(viewer)
    viewer.layers.remove(layer())
    passing.end()
    qtbot.wait(1500)
    assert not gc.get_freeze_count()


def test_the_correct_panel_lets_them_pass_over_the_window(viewer, qtbot):
    from napari_acs.widgets.correct_dock import CorrectDock  # noqa: PLC0415

    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock, name="Correct")
    assert gc.get_freeze_count()
    viewer.window.remove_dock_widget(dock)
    dock.deleteLater()
    qtbot.waitUntil(lambda: not gc.get_freeze_count(), timeout=10_000)
