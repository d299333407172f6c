"""A real case corrected as a user does it: open, brush on the canvas, tools, measures, undo."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from napari.layers import Labels
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QPushButton, QTableWidget
from scipy import ndimage

from napari_acs.imaging import from_lps, read_labels
from napari_acs.inference.messages import Failure
from napari_acs.viewer.info import info_in

CASE = SHARED_DATA / "brats2021" / "BraTS2021_01479"
MS = 120_000


@pytest.fixture
def viewer(make_napari_viewer, acs_plugin):
    return make_napari_viewer(show=True)


def _run(dock, qtbot, name):
    with qtbot.waitSignal(dock.finished, timeout=MS) as heard:
        dock.findChild(QPushButton, name).click()
    assert not isinstance(heard.args[1], Failure), dock.said
    return heard.args[1]


def _canvas(viewer):
    """Return the widget that is drawn on: the largest native one with a mouse of its own."""
    found = [w for w in QApplication.allWidgets() if type(w).__name__ == "CanvasBackendDesktop"]
    return max(found, key=lambda w: w.width() * w.height())


def _drag_through_the_middle(viewer) -> None:
    canvas = _canvas(viewer)
    middle = QPoint(canvas.width() // 2, canvas.height() // 2)
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(canvas, left, pos=middle)
    for step in (5, 10, 15):
        QTest.mouseMove(canvas, middle + QPoint(step, step))
        QApplication.processEvents()
    QTest.mouseRelease(canvas, left, pos=middle + QPoint(15, 15))


@needs_shared_data
def test_open_paint_clean_measure_and_undo(viewer, qtbot):
    _, dock = viewer.window.add_plugin_dock_widget("napari-acs", "Correct")
    viewer.open(str(CASE), plugin="napari-acs")
    (mask,) = [layer for layer in viewer.layers if isinstance(layer, Labels)]
    viewer.layers.selection.active = mask
    assert dock.target.layer is mask
    with qtbot.waitSignal(dock.measuring.measured, timeout=MS) as heard:
        pass
    (file,) = CASE.glob("*_seg.nii.gz")
    expert = read_labels(file).array
    table = dock.findChild(QTableWidget, "measures")
    ml = float(table.item(0, 0).text())
    assert ml == pytest.approx(np.count_nonzero(expert) / 1000, abs=0.01)
    measures = heard.args[0].measures
    grid, sided = info_in(mask.metadata).grid, measures.regions["WT"].midline
    points = grid.index_to_point(np.argwhere(expert > 0)[:, ::-1])
    left = measures.midline_plane.distance_mm(points) > 0
    assert left.mean() == pytest.approx(sided.left_part, abs=0.01), "the patient's left"
    assert table.item(6, 0).text() == sided.side
    began = mask.data.copy()
    steps = [began]

    def changed() -> np.ndarray:
        assert not np.array_equal(mask.data, steps[-1]), dock.said
        steps.append(mask.data.copy())
        return mask.data

    # the brush, by the mouse on the canvas, around the tumour's middle
    at = np.argwhere(began == 4).mean(axis=0).round()
    viewer.dims.point = mask.data_to_world(at)
    viewer.layers.selection.active = mask
    camera = viewer.scene.camera
    camera.center = (0.0, *mask.data_to_world(at)[1:])
    camera.zoom = 8
    QTest.keyClick(_canvas(viewer), Qt.Key.Key_1)
    assert dock.findChild(QComboBox, "region").currentData().name == "WT"
    dock.findChild(QPushButton, "erase").click()
    still = camera.center
    _drag_through_the_middle(viewer)
    assert camera.center == still, "the brush has the mouse, not the camera"
    assert "WT erased" in dock.said
    hole = changed() != began
    assert set(np.nonzero(hole)[0]) == {int(at[0])}, "in the slice that is shown"
    assert (mask.data[hole] == 0).all()
    # a smart click at the same place fills what was rubbed out, with the tissue of the outer ring
    dock.findChild(QPushButton, "smart_paint").click()
    canvas = _canvas(viewer)
    middle = QPoint(canvas.width() // 2, canvas.height() // 2)
    with qtbot.waitSignal(dock.finished, timeout=MS) as heard:
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=middle)
    assert heard.args[0] == "smart_paint" and not isinstance(heard.args[1], Failure), dock.said
    grown = changed() != steps[-2]
    assert set(np.nonzero(grown)[0]) == {int(at[0])}
    assert (steps[-2][grown] == 0).all() and (mask.data[grown] == 2).all()
    assert (grown & hole).sum() > 0.5 * hole.sum()
    dock.findChild(QPushButton, "smart_paint").click()

    QTest.keyClick(_canvas(viewer), Qt.Key.Key_2)
    assert dock.findChild(QComboBox, "region").currentData().name == "TC"
    _run(dock, qtbot, "fill_slice")
    tc = np.isin(changed(), (1, 4))
    for slice_ in tc[tc.any(axis=(1, 2))]:
        assert (ndimage.binary_fill_holes(slice_) == slice_).all()
    _run(dock, qtbot, "smooth")
    changed()
    _run(dock, qtbot, "grow")
    core = np.isin(changed(), (1, 4))
    assert core.sum() > np.isin(steps[-2], (1, 4)).sum()
    _run(dock, qtbot, "shrink")
    changed()
    assert set(np.unique(mask.data)) == {0, 1, 2, 4}, "as in the file"

    cost = dock.measuring.cost

    def costed():
        return cost.found is not None and np.array_equal(cost.found.labels, mask.data)

    qtbot.waitUntil(costed, timeout=MS)
    assert 0.5 < cost.found.costs["TC"].dice < 1

    for before in reversed(steps[:-1]):
        mask.undo()
        np.testing.assert_array_equal(mask.data, before)
    mask.redo()
    _run(dock, qtbot, "revert_all")
    np.testing.assert_array_equal(from_lps(mask.data, info_in(mask.metadata).grid), expert)
    qtbot.waitUntil(costed, timeout=MS)  # by itself, and no worker is left at the end
    assert cost.found.costs["WT"].dice == 1
    assert not cost.found.changed
