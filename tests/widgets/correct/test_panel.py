"""Buttons, keys and sliders of the Correct panel do what they say."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QListWidget
from superqt import QLabeledDoubleRangeSlider, QLabeledDoubleSlider
from widgets.correct_case import CENTRE, choose, click, drag, find, middle, run, show


def test_undo_and_redo_go_through_the_steps(dock, mask, qtbot):
    steps = [mask.data.copy()]
    for tool in ("keep_largest", "grow", "smooth"):
        assert len(run(dock, qtbot, tool))
        steps.append(mask.data.copy())
    for step in steps[-2::-1]:
        click(dock, "undo")
        np.testing.assert_array_equal(mask.data, step)
    for step in steps[1:]:
        click(dock, "redo")
        np.testing.assert_array_equal(mask.data, step)


def test_keys_choose_the_region_and_the_label_of_naparis_tools(dock, mask):
    keys = {str(key): press for key, press in mask.keymap.items()}
    for key, region, label in (("2", "TC", 1), ("3", "ET", 3), ("1", "WT", 2)):
        keys[key](mask)
        assert dock.panel.brush.chosen.name == region
        assert mask.selected_label == label


def test_a_click_on_a_listed_part_goes_there(dock, mask, qtbot):
    find(dock, QDoubleSpinBox, "under_ml").setValue(0.05)
    (island,) = run(dock, qtbot, "find_islands")
    show(dock, mask, middle())
    listed = find(dock, QListWidget, "islands")
    listed.itemClicked.emit(listed.item(0))
    at = mask.world_to_data(dock.viewer.dims.point)
    np.testing.assert_allclose(at, island.centroid, atol=0.51)


@pytest.mark.parametrize("end", [0, 1])
def test_a_handle_at_the_end_of_the_slider_is_no_limit(dock, mask, viewer, end, monkeypatch):
    """Of a very large image every other voxel is looked at: the brightest may be another."""
    monkeypatch.setattr("napari_acs.viewer.overlays._LARGE", 1)
    at = np.argwhere((CENTRE == 3) & (np.indices(CENTRE.shape) % 2).any(axis=0))[100].astype(float)
    t1 = viewer.layers["T1"]
    t1.data[tuple(at.astype(int))] = 5000.4 if end else -5000.4
    dock.panel.brush.show_images([])
    dock.panel.brush.show_images([t1])  # the range is read anew
    limits = find(dock, QLabeledDoubleRangeSlider, "range")
    low, high = limits.minimum(), limits.maximum()
    limits.setValue((high, high) if end else (low, low))
    find(dock, QCheckBox, "by_range").setChecked(True)
    find(dock, QLabeledDoubleSlider, "radius").setValue(0.5)  # this voxel alone
    show(dock, mask, at)
    choose(dock, "ET")
    click(dock, "erase")
    drag(dock, mask, at)
    assert np.argwhere(mask.data != CENTRE).tolist() == [at.tolist()]


def test_a_tool_at_work_is_stopped_where_its_mask_is_closed(dock, mask, viewer, qtbot):
    other = viewer.add_labels(np.zeros_like(mask.data), scale=mask.scale, translate=mask.translate)
    dock.target.choose(mask)
    click(dock, "smooth")
    viewer.layers.remove(mask)
    assert dock.target.layer is other and "was closed" in dock.said
    assert len(run(dock, qtbot, "grow")) == 0, "the next one is not kept waiting"
    np.testing.assert_array_equal(mask.data, CENTRE)


def test_where_the_mask_is_closed_the_latest_one_is_taken(dock, mask, viewer):
    place = {"scale": mask.scale, "translate": mask.translate}
    others = [viewer.add_labels(np.zeros_like(mask.data), **place) for _ in range(2)]
    dock.target.choose(mask)
    viewer.layers.selection.active = viewer.layers["T1"]
    viewer.layers.remove(mask)
    assert dock.target.layer is others[-1]


def test_only_the_latest_answer_of_what_was_changed_is_shown(dock, mask, monkeypatch):
    from napari_acs.widgets import correct_differences  # noqa: PLC0415

    asked = []
    monkeypatch.setattr(
        correct_differences, "in_worker", lambda *args, done: asked.append((args, done))
    )
    find(dock, QCheckBox, "only_changed").setChecked(True)
    mask.data_setitem(tuple(np.array([i]) for i in (1, 1, 1)), 3)
    dock.differences.look()
    (early, said), (late, _) = asked[0], asked[-1]
    answers = [work(*args) for (work, *args) in (early, late)]
    said(answers[1])
    (layer,) = [one for one in dock.viewer.layers if one.name.startswith("changed")]
    assert np.count_nonzero(layer.data) == 1
    stale = (answers[0][0], correct_differences.compare(CENTRE, np.zeros_like(CENTRE)))
    said(stale)
    assert np.count_nonzero(layer.data) == 1
