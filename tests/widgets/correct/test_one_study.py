"""With two patients on one grid, tools look at the images of the mask's own."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Layer
from widgets.fakes import GRID, labels_on

from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import labels_layer
from napari_acs.widgets.correct_dock import CorrectDock


@pytest.fixture
def dock(viewer):
    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock)  # alone, Qt would delete it after Python had let go of it
    return dock


def mask(viewer, study):
    info = LayerInfo(GRID, study=study)
    described = labels_layer(labels_on(GRID), info, f"mask {study}")
    return viewer.add_layer(Layer.create(*described))


def offered(dock):
    return [image.name for image in dock.panel.brush.images]


def test_the_range_and_smart_clicks_look_at_no_other_patient(viewer, add, dock):
    for study in ("a", "b"):
        add(f"T1 {study}", study=study)
        add(f"FLAIR {study}", study=study)
    first, second = mask(viewer, "a"), mask(viewer, "b")
    assert sorted(offered(dock)) == ["FLAIR b", "T1 b"]
    dock.target.choose(first)
    assert sorted(offered(dock)) == ["FLAIR a", "T1 a"]
    dock.target.choose(second)
    assert sorted(offered(dock)) == ["FLAIR b", "T1 b"]


def test_labels_that_were_made_by_hand_are_of_the_image_they_are_called_after(viewer, add, dock):
    first, second = add("T1 a", study="a"), add("T1 b", study="b")
    place = {"scale": first.scale, "translate": first.translate}
    viewer.add_labels(np.zeros(first.data.shape, np.uint8), name="T1 a - Labels", **place)
    assert offered(dock) == [first.name]
    viewer.add_labels(np.zeros(first.data.shape, np.uint8), name="drawn", **place)
    assert offered(dock) == [first.name, second.name], "whose it is, only the user can say"


def test_images_of_another_patient_over_the_mask_are_said(viewer, add, dock):
    add("T1 a", study="a")
    first = mask(viewer, "a")
    assert "lie over" not in dock.said
    above = add("T1 b", study="b")
    viewer.layers.selection.active = first
    assert "Images of 'b' lie over 'mask a'" in dock.said
    viewer.layers.remove(above)
    assert "lie over" not in dock.said
