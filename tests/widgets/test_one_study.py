"""A second patient is not shown over the first."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from napari.layers import Image, Layer
from qtpy.QtWidgets import QCheckBox, QComboBox, QPushButton
from widgets.fakes import GRID, labels_on

from napari_acs.imaging import Grid
from napari_acs.viewer.diameters import diameters_layer, place_of
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import labels_layer
from napari_acs.viewer.uncertainty_layer import uncertainty_layer

MS = 60_000


@pytest.fixture
def first(viewer, dock, add):
    """Return the layers of a patient: two images, a mask, and one of another plugin."""
    images = [add(f"{name} Anna", study="Anna", sequence=name) for name in ("t1", "flair")]
    info = LayerInfo(GRID, None, "Anna")
    mask = viewer.add_layer(Layer.create(*labels_layer(labels_on(GRID), info, "mask Anna")))
    viewer.add_points(np.zeros((1, 3)), name="notes")
    return [*images, mask]


def shown(viewer):
    return [layer.name for layer in viewer.layers if layer.visible]


def test_who_is_opened_next_hides_who_was_there_and_it_is_said(viewer, dock, first, add):
    add("T1 Bert", study="Bert", sequence="t1")
    assert shown(viewer) == ["notes", "T1 Bert"]
    assert dock.said.startswith("'Anna' is hidden while 'Bert' is shown")
    assert len(viewer.layers) == 5, "nothing is closed"


def test_what_tools_drew_over_the_first_is_hidden_too(viewer, dock, first, add):
    lines = [np.zeros((2, 3)), np.ones((2, 3))]
    drawn = viewer.add_layer(diameters_layer(place_of(first[2]), lines))
    add("T2 Anna", study="Anna", sequence="t2")
    assert drawn.visible
    add("T1 Bert", study="Bert", sequence="t1")
    assert not drawn.visible


def test_who_wants_both_gets_them(viewer, dock, first, add):
    add("T1 Bert", study="Bert", sequence="t1")
    for layer in first:
        layer.visible = True
    dock.panel.message.clear()
    viewer.layers.move(0, 3)
    viewer.layers["T1 Bert"].name = "T1 of Bert"
    assert all(layer.visible for layer in first)
    assert dock.said == ""


def test_more_of_the_same_patient_and_what_is_no_image_of_one_hide_nothing(
    viewer, dock, first, add
):
    add("T2 Anna", study="Anna", sequence="t2")
    viewer.add_image(np.zeros((4, 4, 4)), name="elsewhere")
    maps = uncertainty_layer(np.zeros(GRID.shape, np.float32), GRID, "Bert", 1.0, None)
    viewer.add_layer(Layer.create(*maps))
    hidden = Image(np.zeros((2, 2, 2)), metadata={"napari_acs": LayerInfo(GRID, None, "Bert")})
    hidden.visible = False
    viewer.add_layer(hidden)
    info = LayerInfo(GRID, None, "Bert")
    viewer.add_layer(Layer.create(*labels_layer(labels_on(GRID), info, "mask Bert")))
    assert all(layer.visible for layer in first)
    assert dock.said == ""


def test_it_is_said_after_the_panel_opened_a_folder(viewer, dock, first, tmp_path, qtbot):
    folder = tmp_path / "Bert"
    folder.mkdir()
    for name in ("t1", "flair"):
        array = np.random.default_rng(0).normal(99, 9, (8, 9, 10)).astype(np.float32)
        sitk.WriteImage(sitk.GetImageFromArray(array), str(folder / f"{name}.nii.gz"))
    with qtbot.waitSignal(dock.opener.opened, timeout=MS):
        dock.opener.open([str(folder)])
    assert shown(viewer) == ["notes", "T1 Bert", "FLAIR Bert"]
    assert dock.said.startswith("'Anna' is hidden while 'Bert' is shown")


def test_who_is_chosen_again_by_hand_is_shown_with_the_mask(viewer, dock, first, add, qtbot):
    """The mask lay over the other patient's images."""
    add("T1 Bert", study="Bert", sequence="t1")
    for key in ("t1", "flair"):
        box = dock.findChild(QComboBox, f"sequence_{key}")
        box.setCurrentIndex(box.findText(f"{key} Anna"))
    with qtbot.waitSignal(dock.finished, timeout=MS):
        dock.segment()
    assert viewer.layers[-1].name == "segmentation Anna"
    assert shown(viewer) == ["t1 Anna", "flair Anna", "notes", "segmentation Anna"]


FAR = Grid((20, 18, 16), (3.0, 3.0, 3.0), (400.0, 300.0, 900.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
"""Nothing of it lies in the slice, or on the part of the canvas, where GRID is shown."""


def in_sight(viewer, layer):
    """Whether the middle slice is shown, and the whole of it lies on the canvas."""
    low, high = layer.extent.world
    camera = viewer.scene.camera
    shown = list(viewer.dims.displayed)
    half = np.divide(viewer.canvas.size, camera.zoom) / 2
    centre = np.array(camera.center)[-2:]
    on_canvas = (np.abs(np.array([low, high])[:, shown] - centre) <= half).all()
    point = np.array(viewer.dims.point)
    return bool(on_canvas and ((low <= point) & (point <= high)).all())


@pytest.mark.parametrize("view", ["axial", "coronal"])
def test_who_is_opened_next_is_in_sight(viewer, dock, first, add, qtbot, view):
    """A native study after one of a data set came with a quarter of the head on the canvas."""
    dock.findChild(QPushButton, f"view_{view}").click()
    dock.findChild(QCheckBox, "view_three").click()
    layer = add("T1 Bert", FAR, study="Bert", sequence="t1")
    assert in_sight(viewer, layer)
    for canvas in dock.views.three.canvases:
        qtbot.waitUntil(lambda c=canvas: in_sight(c.model, layer), timeout=MS)


def test_who_is_chosen_again_comes_back_into_sight(viewer, dock, first, add, qtbot):
    add("T1 Bert", FAR, study="Bert", sequence="t1")
    for key in ("t1", "flair"):
        box = dock.findChild(QComboBox, f"sequence_{key}")
        box.setCurrentIndex(box.findText(f"{key} Anna"))
    with qtbot.waitSignal(dock.finished, timeout=MS):
        dock.segment()
    assert in_sight(viewer, first[0])


def test_a_study_in_the_same_place_keeps_slice_and_zoom(viewer, dock, first, add):
    viewer.dims.set_current_step(0, 2)
    viewer.scene.camera.zoom *= 3
    viewer.scene.camera.center = (0, 5, 5)
    at, zoom = viewer.dims.point, viewer.scene.camera.zoom
    add("T1 Bert", study="Bert", sequence="t1")
    add("T2 Bert", FAR, study="Bert", sequence="t2")
    assert (viewer.dims.point, viewer.scene.camera.zoom) == (at, zoom)
    assert tuple(viewer.scene.camera.center)[-2:] == (5, 5)


def test_a_plane_is_fitted_to_who_is_shown(viewer, dock, first, add):
    """The hidden patient's place counted, and the head was a stamp in a corner."""
    layer = add("T1 Bert", FAR, study="Bert", sequence="t1")
    for view in ("coronal", "sagittal", "axial"):
        dock.findChild(QPushButton, f"view_{view}").click()
        assert in_sight(viewer, layer)
        shown = np.ptp(layer.extent.world, axis=0)[list(viewer.dims.displayed)]
        assert (shown * viewer.scene.camera.zoom > 0.5 * np.array(viewer.canvas.size)).any()
