"""Panels opened from napari's menu, which hands them a proxy of the viewer."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from qtpy.QtWidgets import QPushButton

MS = 60_000


@pytest.fixture
def opened(viewer, acs_plugin):
    """Return a function that opens a panel as ``Plugins > ...`` does."""
    return lambda name: viewer.window.add_plugin_dock_widget("napari-acs", name)[1]


@pytest.mark.parametrize("name", ["Segment", "Models", "Classify", "Correct", "Review"])
def test_a_panel_works_on_the_viewer_itself(viewer, opened, qtbot, name):
    dock = opened(name)
    assert type(dock.viewer) is type(viewer)
    qtbot.wait(200)  # what it lists comes from a worker


def test_a_mask_that_was_closed_is_neither_shown_nor_saved(viewer, opened, qtbot):
    dock = opened("Segment")
    qtbot.waitUntil(lambda: dock.panel.model_id is not None, timeout=MS)
    mask = viewer.add_labels(np.ones((8, 8, 8), np.uint8), name="mask of patient A")
    assert dock.mask_view.layer is mask
    viewer.layers.remove(mask)
    assert dock.mask_view.layer is None
    dock.findChild(QPushButton, "save").click()
    assert dock.said.startswith("There is no mask to save")
    gone = weakref.ref(mask)
    del mask
    qtbot.wait(300)
    gc.collect()
    assert gone() is None


def test_which_model_made_a_mask_is_known_when_it_is_selected_again(viewer, opened, qtbot):
    from napari_acs.models.spec import GLIOMA_OUTPUT  # noqa: PLC0415

    dock = opened("Segment")
    qtbot.waitUntil(lambda: dock.panel.model_id is not None, timeout=MS)
    first = viewer.add_labels(np.ones((8, 8, 8), np.uint8), name="first")
    output = GLIOMA_OUTPUT.model_copy()
    dock.mask_view.follow(dock.viewer.layers.selection.active, output)
    viewer.add_labels(np.ones((8, 8, 8), np.uint8), name="second")
    gc.collect()
    viewer.layers.selection.active = first
    gc.collect()
    assert dock.mask_view._outputs.get(first) is output
