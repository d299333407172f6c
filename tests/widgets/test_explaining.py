"""What the Segment dock shows of a model's doubts: all of them, or why there is no mask."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton, QWidget
from superqt import QLabeledDoubleSlider
from widgets.fakes import GRID
from widgets.maps import labels_at, segmentation

from napari_acs.imaging.check.line import CheckLine
from napari_acs.inference.messages import Failure, Nearest, Result
from napari_acs.viewer.look_at import displayed_point

MS = 10_000
INDEX = (11, 3, 2)  # x, y, z
POINT = tuple(GRID.index_to_point([INDEX])[0].tolist())
EMPTY = Failure(
    "The model found no tumour in 'p'",
    "The highest probability of each region was WT 0.31",
    "Look again",
    "empty",
    nearest=(Nearest("WT", "whole tumour", 0.31, 0.5, POINT),),
)


def click(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def segment(qtbot, dock):
    with qtbot.waitSignal(dock.finished, timeout=MS):
        click(qtbot, dock, "segment")


@pytest.fixture
def explained(dock, add, qtbot, job, check):
    check.lines = (CheckLine("sequences", "amber", "A sequence may be wrong", "T1 is dark"),)
    layer = add("p_t1", study="p")
    job.ending = EMPTY
    segment(qtbot, dock)
    return layer


def shown(dock) -> QWidget:
    return dock.findChild(QWidget, "nothing_found")


def test_no_mask_is_explained_and_one_click_looks_where_it_came_nearest(
    explained, dock, viewer, qtbot
):
    assert not shown(dock).isHidden()
    assert "A sequence may be wrong: T1 is dark" in (
        dock.findChild(QLabel, "nothing_found_reasons").text()
    )
    assert dock.said == "The model found no tumour in 'p'. See below why."
    assert [layer.name for layer in viewer.layers] == ["p_t1"]
    click(qtbot, dock, "show_nearest")
    np.testing.assert_allclose(viewer.dims.point, displayed_point(GRID, POINT))


@pytest.mark.parametrize("end", ["layer", "dismiss", "segment"])
def test_the_explanation_goes_with_what_it_is_about(explained, dock, viewer, qtbot, job, end):
    if end == "layer":
        viewer.layers.remove(explained)
    elif end == "dismiss":
        click(qtbot, dock, "dismiss_nothing_found")
    else:
        job.ending = None
        segment(qtbot, dock)
    assert shown(dock).isHidden()


def test_another_layer_that_is_closed_takes_no_explanation_along(explained, dock, add, viewer):
    viewer.layers.remove(add("p_t2", study="p"))
    assert not shown(dock).isHidden()


def test_of_a_study_that_is_not_shown_all_is_said_and_nothing_points_into_another(
    dock, add, qtbot, job
):
    add("p_t1", study="p")
    job.ending = EMPTY
    job.go.clear()
    click(qtbot, dock, "segment")
    qtbot.waitUntil(lambda: bool(job.requests), timeout=MS)
    add("q_t1", study="q")
    with qtbot.waitSignal(dock.finished, timeout=MS):
        job.go.set()
    assert shown(dock).isHidden()
    assert dock.said == f"p: {EMPTY.sentence()}"


def test_a_result_brings_its_sliders_and_a_slider_works_on_the_mask(dock, add, viewer, qtbot, job):
    add("p_t1", study="p")
    made = segmentation()
    job.ending = Result(made)
    segment(qtbot, dock)
    slider = dock.findChild(QLabeledDoubleSlider, "threshold_WT")
    assert slider.isVisibleTo(dock)
    slider.setValue(0.8)
    layer = dock.mask_view.layer
    expected = labels_at(made, WT=0.8)
    assert not np.array_equal(expected, made.labels)
    assert np.bincount(layer.data.ravel()).tolist() == np.bincount(expected.ravel()).tolist()
    layer.undo()
    assert np.bincount(layer.data.ravel()).tolist() == np.bincount(made.labels.ravel()).tolist()
