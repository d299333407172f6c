"""Where a mask is unsure: the layer over the study, the list of places, and what is kept."""

# ruff: noqa: PLC0415
from __future__ import annotations

import gc

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QListWidget
from scipy.stats import entropy as shannon
from widgets.confident import drag
from widgets.fakes import GRID
from widgets.maps import segmentation

from napari_acs.imaging import to_lps


def test_the_uncertainty_layer_lies_over_the_study_and_is_no_mri(panel, show, viewer, add, dock):
    from napari_acs.errors import BadInput
    from napari_acs.viewer.masks import mask_of
    from napari_acs.viewer.snapshot import snapshot_study

    add("T1")
    made = segmentation()
    layer = show(made)
    box = panel.findChild(QCheckBox, "show_uncertainty")
    assert "entropy of the region probabilities" in box.toolTip()
    box.click()
    shown = viewer.layers["uncertainty case"]
    assert viewer.layers.selection.active is layer
    assert shown.visible
    maps = made.probabilities
    for z, y, x in np.random.default_rng(0).integers(0, GRID.shape, (40, 3)):
        one = np.zeros(GRID.shape, bool)
        one[z, y, x] = True
        world = layer.data_to_world(np.argwhere(to_lps(one, GRID))[0])
        p = np.array([maps.whole(name)[z, y, x] for name in maps.names], float)
        expected = max(shannon([q, 1 - q], base=2) for q in p)
        index = tuple(np.rint(shown.world_to_data(world)).astype(int))
        assert shown.data[index] == pytest.approx(expected, abs=1e-3)
    assert dock.panel.sequences.selected()["t1"] is viewer.layers["T1"]
    for chosen in dock.panel.findChildren(QComboBox):
        if chosen.objectName().startswith("sequence_"):
            assert [chosen.itemText(i) for i in range(chosen.count())] == ["none", "T1"]
    with pytest.raises(BadInput, match="is no MRI"):
        snapshot_study({"t1": shown})
    assert np.array_equal(mask_of(layer, [shown]).labels, made.labels)
    box.click()
    assert not shown.visible
    shown.visible = True  # the eye in the list of layers
    assert box.isChecked()
    other = show(segmentation(seed=3), "other")
    assert not shown.visible, "it is of another mask"
    assert not box.isChecked()
    viewer.layers.selection.active = layer
    assert shown.visible
    viewer.layers.remove(layer)
    assert shown not in viewer.layers
    assert other in viewer.layers


def test_a_layer_of_uncertainty_that_is_closed_can_be_shown_again(panel, show, viewer):
    show()
    box = panel.findChild(QCheckBox, "show_uncertainty")
    box.click()
    viewer.layers.remove("uncertainty case")
    assert not box.isChecked()
    box.click()
    assert "uncertainty case" in viewer.layers


def test_a_click_on_a_place_moves_every_view_there(panel, show, viewer, add):
    from napari.components import ViewerModel

    from napari_acs.viewer.crosshair import pixel_of
    from napari_acs.viewer.mirror import Mirror

    add("T1")
    made = segmentation()
    layer = show(made)
    linked = ViewerModel()
    mirror = Mirror(viewer, linked)
    viewer.scene.camera.zoom = 60
    rows = panel.findChild(QListWidget, "places")
    assert rows.count() > 0
    for row in range(rows.count()):
        item = rows.item(row)
        place = item.data(Qt.ItemDataRole.UserRole)
        assert item.text() == f"{row + 1}. {place.why}"
        viewer.scene.camera.center = (0, -500, -500)
        rows.itemClicked.emit(item)
        x, y, z = np.rint(GRID.point_to_index([place.point_mm])[0]).astype(int)
        one = np.zeros(GRID.shape, bool)
        one[z, y, x] = True
        index = np.rint(layer.world_to_data(viewer.dims.point)).astype(int)
        assert to_lps(one, GRID)[tuple(index)]
        assert linked.dims.point == viewer.dims.point
        pixel, size = pixel_of(viewer), viewer.canvas.size
        assert all(0 <= at < most for at, most in zip(pixel, size, strict=True))
    viewer.dims.ndisplay = 3
    rows.itemClicked.emit(rows.item(0))
    assert viewer.scene.camera.center == pytest.approx(viewer.dims.point)
    mirror.close()


def test_nothing_is_kept_of_a_mask_that_is_gone(panel, show, viewer, qtbot):
    from napari_acs.widgets.confidence_state import State

    layer = show()
    drag(panel, "WT", 0.2)
    viewer.layers.remove(layer)
    del layer
    qtbot.wait(300)  # workers end

    def states() -> int:
        gc.collect()
        return sum(isinstance(each, State) for each in gc.get_objects())

    qtbot.waitUntil(lambda: states() == 0, timeout=3000)
