"""The thresholds of a mask: its sliders are moved, and the layers are looked at."""

# ruff: noqa: PLC0415
from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QCheckBox, QPushButton
from widgets.confident import at_sliders, drag, note, slider, stored
from widgets.fakes import GRID
from widgets.maps import labels_at, segmentation

from napari_acs.imaging import to_lps


def test_a_slider_relabels_at_once_and_one_undo_takes_a_whole_drag_back(panel, show):
    from napari_acs.inference.uncertainty import entropy
    from napari_acs.viewer.info import info_in

    made = segmentation()
    layer = show(made)
    assert np.array_equal(stored(layer), made.labels)
    moved = slider(panel, "WT")
    moved.setSliderDown(True)
    for value in (0.4, 0.2, 0.8):
        moved.setSliderPosition(value)
        assert np.array_equal(stored(layer), labels_at(made, WT=value))
    moved.setSliderDown(False)
    slider(panel, "ET").setValue(0.1)
    info = info_in(layer.metadata)
    assert np.array_equal(stored(layer), labels_at(made, WT=0.8, ET=0.1))
    assert np.array_equal(info.prediction, labels_at(made, WT=0.8, ET=0.1)), "not edited by hand"
    unsure = made.probabilities.spread(entropy(made.probabilities))
    assert info.provenance == {
        "model": {"id": "m"},
        "thresholds": {"WT": 0.8, "TC": 0.5, "ET": 0.1},
        "uncertainty": {
            "mean": pytest.approx(unsure[info.prediction > 0].mean(dtype=float)),
            "of": "entropy of the region probabilities",
        },
    }
    layer.undo()
    assert np.array_equal(stored(layer), labels_at(made, WT=0.8))
    assert at_sliders(panel) == {"WT": 0.8, "TC": 0.5, "ET": 0.5}
    layer.undo()
    assert np.array_equal(stored(layer), made.labels)
    assert at_sliders(panel) == {"WT": 0.5, "TC": 0.5, "ET": 0.5}
    assert np.array_equal(info_in(layer.metadata).prediction, made.labels)
    layer.redo()
    layer.redo()
    assert at_sliders(panel) == {"WT": 0.8, "TC": 0.5, "ET": 0.1}
    panel.findChild(QPushButton, "reset_thresholds").click()
    assert np.array_equal(stored(layer), made.labels)
    assert at_sliders(panel) == {"WT": 0.5, "TC": 0.5, "ET": 0.5}
    layer.undo()
    assert np.array_equal(stored(layer), labels_at(made, WT=0.8, ET=0.1))
    assert not made.labels.flags.writeable


def test_a_slider_gives_up_what_gets_too_small_and_says_so(panel, show):
    from napari_acs.models.spec import GLIOMA_OUTPUT
    from napari_acs.viewer.info import info_in

    few = int((labels_at(segmentation(), ET=0.9) == 3).sum())
    assert 0 < few < int((segmentation().labels == 3).sum())
    *outer, et = GLIOMA_OUTPUT.regions
    limit = (few + 1) * GRID.voxel_ml
    made = segmentation(regions=(*outer, et.model_copy(update={"minimum_ml": limit})))
    layer = show(made)
    assert (stored(layer) == 3).any()
    assert note(panel) == ""

    slider(panel, "ET").setValue(0.9)
    expected = labels_at(made, ET=0.9)
    assert np.array_equal(stored(layer), np.where(expected == 3, 1, expected))
    assert note(panel).startswith("ET of ")
    assert "was taken as necrotic and non-enhancing core." in note(panel)
    (small,) = info_in(layer.metadata).provenance["cleaning"]["given_up"]
    assert small["volume_ml"] == pytest.approx(few * GRID.voxel_ml, abs=1e-4)

    layer.undo()
    assert np.array_equal(stored(layer), made.labels)
    assert note(panel) == ""
    assert info_in(layer.metadata).provenance["cleaning"]["given_up"] == []


def test_a_stroke_that_agrees_with_the_model_for_a_while_is_still_an_edit(panel, show, viewer):
    made = segmentation()
    layer = show(made)
    less = labels_at(made, WT=0.3)
    at = tuple(np.argwhere((made.labels == 0) & (less == 2))[0])
    one = np.zeros(GRID.shape, bool)
    one[at] = True
    displayed = tuple(int(i) for i in np.argwhere(to_lps(one, GRID))[0])
    viewer.dims.set_point(range(3), layer.data_to_world(displayed))
    layer.selected_label, layer.brush_size = 2, 1
    layer.paint(displayed, 2)
    assert stored(layer)[at] == 2
    drag(panel, "WT", 0.3)
    drag(panel, "WT", 0.9)
    assert stored(layer)[at] == 2, "painted by hand"
    other = ~one
    assert np.array_equal(stored(layer)[other], labels_at(made, WT=0.9)[other])
    assert note(panel).startswith("0.00 ml that you changed by hand")
    for _ in range(3):
        layer.undo()
    assert np.array_equal(stored(layer), made.labels)
    drag(panel, "WT", 0.9)
    assert np.array_equal(stored(layer), labels_at(made, WT=0.9)), "the stroke was undone"


def test_painting_back_what_a_slider_changed_is_no_undo(panel, show):
    made = segmentation()
    layer = show(made)
    drag(panel, "WT", 0.3)
    changed = np.nonzero(to_lps(labels_at(made, WT=0.3) != made.labels, GRID))
    layer.data_setitem(changed, 0)
    layer.refresh()
    assert slider(panel, "WT").value() == 0.3
    drag(panel, "WT", 0.1)
    drag(panel, "WT", 0.2)
    assert (layer.data[changed] == 0).all(), "erased by hand"


def test_each_mask_has_its_own_sliders(panel, show, viewer, qtbot):
    first, second = segmentation(seed=1), segmentation(seed=2)
    one = show(first, "one")
    drag(panel, "TC", 0.25)
    two = show(second, "two")
    assert slider(panel, "TC").value() == 0.5
    drag(panel, "ET", 0.75)
    viewer.layers.selection.active = one
    assert at_sliders(panel) == {"WT": 0.5, "TC": 0.25, "ET": 0.5}
    drag(panel, "WT", 0.75)
    assert np.array_equal(stored(one), labels_at(first, WT=0.75, TC=0.25))
    assert np.array_equal(stored(two), labels_at(second, ET=0.75))
    by_hand = viewer.add_labels(np.zeros((4, 5, 6), np.uint8))
    assert slider(panel, "WT") is None
    assert note(panel) == "No probabilities are kept for this mask."
    assert not panel.findChild(QCheckBox, "show_uncertainty").isEnabled()
    one.name = "another name"
    viewer.layers.remove(by_hand)
    assert slider(panel, "WT") is not None


def test_what_happens_to_the_layer_meanwhile_does_no_harm(panel, show, viewer, qtbot):
    made = segmentation()
    layer = show(made)
    drag(panel, "WT", 0.3)
    mine = np.array(to_lps(made.labels, GRID))
    mine[2, 3, 4] = 7
    layer.data = mine
    assert slider(panel, "WT").value() == 0.3, "napari's undo would write stale voxels"
    viewer.dims.ndisplay = 3
    drag(panel, "WT", 0.1, 0.2)
    assert layer.data[2, 3, 4] == 7
    viewer.dims.ndisplay = 2
    layer.editable = False
    assert not slider(panel, "WT").isEnabled()
    layer.editable = True
    layer.data = np.zeros((3, 4, 5), np.uint8)
    assert not slider(panel, "WT").isEnabled()
    assert "thresholds stay" in note(panel)
    slider(panel, "WT").setValue(0.7)
    assert not layer.data.any()
    assert slider(panel, "WT").value() == 0.2
    slider(panel, "TC").setSliderDown(True)
    viewer.layers.remove(layer)
    assert slider(panel, "WT") is None


def test_the_wheel_scrolls_the_panel_and_not_a_threshold(panel, show):
    show()
    for part in (slider(panel, "WT"), *slider(panel, "WT").children()):
        if part.isWidgetType():
            middle = QPointF(part.rect().center())
            args = (QPoint(0, 0), QPoint(0, 120), Qt.MouseButton.NoButton)
            wheel = QWheelEvent(
                middle, part.mapToGlobal(middle), *args,
                Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(part, wheel)
    assert slider(panel, "WT").value() == 0.5
