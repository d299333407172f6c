"""A mask that is dropped onto a window gets the study of that window."""

# ruff: noqa: PLC0415
from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication


def write(file, kind):
    file.parent.mkdir(exist_ok=True)
    array = np.zeros((6, 8, 9), kind)
    array[2:4, 3:5, 3:6] = 2
    if kind is np.float32:
        array += np.random.default_rng(0).normal(100, 9, array.shape).astype(kind)
    sitk.WriteImage(sitk.GetImageFromArray(array), str(file))


def test_the_window_that_is_dropped_on_is_the_one_that_is_read_for(
    make_napari_viewer, tmp_path, qtbot
):
    from napari.qt import QtViewer
    from napari.settings import get_settings

    from napari_acs.widgets.correct_dock import CorrectDock

    get_settings().plugins.extension2reader = {"*.nii.gz": "napari-acs"}
    for study in ("Anna", "Bert"):
        write(tmp_path / study / "t1.nii.gz", np.float32)
        write(tmp_path / study / "drawn.nii.gz", np.uint8)
    viewers = {}
    for study in ("Anna", "Bert"):
        viewers[study] = viewer = make_napari_viewer()
        viewer.open(str(tmp_path / study / "t1.nii.gz"), plugin="napari-acs")
    dock = CorrectDock(viewers["Anna"])
    viewers["Anna"].window.add_dock_widget(dock)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "Anna" / "drawn.nii.gz"))])
    canvas = viewers["Anna"].window._qt_window.findChild(QtViewer)  # behind: Bert's came later
    how = Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(canvas, QDragEnterEvent(QPoint(9, 9), *how))
    QApplication.sendEvent(canvas, QDropEvent(QPointF(9, 9), *how))
    (mask,) = [layer for layer in viewers["Anna"].layers if layer.name != "t1"]
    assert mask.metadata["napari_acs"].study == "Anna"
    assert len(viewers["Bert"].layers) == 1
    with qtbot.waitSignal(dock.destroyed):  # the fixture may forget the viewers in any order
        viewers["Anna"].window.remove_dock_widget(dock)
        dock.deleteLater()
