"""A study folder dropped on napari's own window, where napari's own reader wants it too."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from imaging.dicom.study import phantom, write_sequences
from napari.layers import Image, Labels
from npe2 import PluginManifest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QMainWindow,
    QRadioButton,
    QWidget,
)

from napari_acs.imaging import from_lps, save_labels
from napari_acs.imaging.labels.segments import Maker
from napari_acs.viewer.info import info_in
from napari_acs.widgets.reader_choice import is_preferred, prefer


@pytest.fixture
def viewer(make_napari_viewer, acs_plugin):
    with acs_plugin.tmp_plugin(manifest=PluginManifest.from_distribution("napari")):
        yield make_napari_viewer(show=True)
        prefer(False)


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "patient_7"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("t1", "t1ce", "t2", "flair", "seg"):
        array = rng.integers(0, 3 if name == "seg" else 99, (6, 7, 8)).astype(np.int16)
        sitk.WriteImage(sitk.GetImageFromArray(array), str(folder / f"p_{name}.nii.gz"))
    return folder


def drop(path) -> list[str]:
    """Drop a path on the canvas; return the readers that napari offered, choosing ours."""
    offered: list[str] = []

    def choose() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QDialog):
            return
        buttons = {b.text(): b for b in dialog.findChildren(QRadioButton)}
        offered.extend(buttons)
        buttons["napari-acs"].click()
        ok = QDialogButtonBox.StandardButton.Ok
        dialog.findChild(QDialogButtonBox).button(ok).click()

    (window,) = (w for w in QApplication.topLevelWidgets() if isinstance(w, QMainWindow))
    (canvas,) = (w for w in window.findChildren(QWidget) if type(w).__name__ == "QtViewer")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    timer = QTimer()
    timer.timeout.connect(choose)
    timer.start(200)
    copy = Qt.DropAction.CopyAction
    # Qt delivers a drop to the widget that took the drag before it
    QApplication.sendEvent(canvas, QDragEnterEvent(QPoint(5, 5), copy, mime, buttons, keys))
    event = QDropEvent(QPointF(5, 5), copy, mime, buttons, keys)
    QApplication.sendEvent(canvas, event)  # returns when the dialog, if there is one, is closed
    timer.stop()
    return offered


def kinds(viewer) -> list[type]:
    return [type(layer) for layer in viewer.layers]


def test_napari_asks_and_our_reader_opens_the_study(viewer, study):
    assert drop(study) == ["napari builtins", "napari-acs"]
    assert kinds(viewer) == [Image] * 4 + [Labels]


def test_once_the_box_in_the_panel_is_ticked_napari_does_not_ask(viewer, study, qtbot):
    _, dock = viewer.window.add_plugin_dock_widget("napari-acs", "Segment")
    qtbot.waitUntil(lambda: dock.panel.model_id is not None, timeout=60_000)
    dock.findChild(QCheckBox, "drops").click()
    assert is_preferred()
    assert drop(study) == []
    assert kinds(viewer) == [Image] * 4 + [Labels]
    assert drop(study / "p_t2.nii.gz") == []
    assert viewer.layers[-1].name == "p_t2"


def test_a_dicom_folder_and_then_its_mask_dropped_on_the_canvas(viewer, tmp_path):
    volumes = {key: phantom()[key] for key in ("t1", "flair")}
    write_sequences(tmp_path / "DOE", volumes)
    prefer(True)
    assert drop(tmp_path / "DOE") == []
    assert kinds(viewer) == [Image] * 2
    home = info_in(viewer.layers[1].metadata)
    labels = np.zeros(home.grid.shape, np.uint8)
    labels[8:12, 20:26, 20:27] = 1
    for name in ("mask.dcm", "mask.rtstruct.dcm"):
        save_labels(tmp_path / name, labels, home.grid, dicom=home.dicom, maker=Maker("MANUAL"))
        drop(tmp_path / name)
        assert isinstance(viewer.layers[-1], Labels), name
        info = info_in(viewer.layers[-1].metadata)
        assert info.dicom == home.dicom
        np.testing.assert_array_equal(from_lps(viewer.layers[-1].data, info.grid), labels)
