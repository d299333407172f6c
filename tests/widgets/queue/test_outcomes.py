"""What is said and shown of each request's end, and what is kept of it."""

from __future__ import annotations

import gc
import logging
import weakref

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton
from superqt import QLabeledDoubleSlider
from widgets.maps import segmentation as made_up
from widgets.queued import MS, OTHER, checked, click, idle, masks

from napari_acs.inference.messages import Failure, Result


@pytest.mark.parametrize("what", ["exception in the job", "exception while it is shown"])
def test_a_fault_is_a_sentence_and_in_the_log_and_the_next_one_runs(
    dock, viewer, qtbot, job, two, monkeypatch, caplog, what
):
    original = type(viewer).add_layer
    added = []

    def breaks_once(viewer, layer):
        added.append(original(viewer, layer))
        if len(added) == 1:  # napari has it by now
            raise RuntimeError("boom")
        return added[-1]

    with caplog.at_level(logging.ERROR):
        if what == "exception in the job":
            job.ending = RuntimeError("boom")
        else:
            monkeypatch.setattr(type(viewer), "add_layer", breaks_once)
        with qtbot.waitSignal(dock.finished, timeout=MS) as signal:
            job.go.set()
        job.ending = None
    assert isinstance(signal.args[0], Failure)
    assert "A: " in dock.said
    assert "RuntimeError: boom" in dock.said
    assert "segmentation A" not in viewer.layers
    assert any(record.exc_info and "boom" in record.exc_text for record in caplog.records)
    idle(qtbot, dock)
    assert dock.findChild(QPushButton, "segment").isEnabled()
    assert not dock.findChild(QPushButton, "cancel").isEnabled()


def test_an_empty_prediction_is_told_with_its_request(dock, add, viewer, qtbot, job):
    add("p_t1")
    job.ending = Failure("The model found no tumour", "Highest WT 0.10", "Check", "empty")
    with qtbot.waitSignal(dock.segmenting.empty, timeout=MS) as signal:
        click(qtbot, dock, "segment")
    asked, failure = signal.args
    assert asked.request is job.requests[0]
    assert failure is job.ending


def test_the_result_is_handed_on_and_nothing_holds_what_is_closed(
    dock, add, viewer, qtbot, job, check
):
    """Of an image, its mask and the segmentation nothing may stay in memory."""
    layer = add("p_t1")
    box = dock.findChild(QComboBox, "sequence_t1")
    box.setCurrentIndex(0)
    box.setCurrentIndex(box.findText("p_t1"))  # chosen by hand
    checked(qtbot, dock)
    job.ending = Result(made_up())
    with (
        qtbot.waitSignal(dock.finished, timeout=MS),
        qtbot.waitSignal(dock.segmenting.result_added, timeout=MS) as signal,
        qtbot.waitSignal(dock.confidence.ready, timeout=MS),
    ):
        click(qtbot, dock, "segment")
    mask, segmentation = signal.args
    assert mask is viewer.layers[-1]
    with qtbot.waitSignal(dock.confidence.ready, timeout=MS):
        dock.findChild(QLabeledDoubleSlider, "threshold_WT").setValue(0.8)
    dock.findChild(QCheckBox, "show_uncertainty").click()
    alive = [
        weakref.ref(x)
        for x in (
            *(layer, mask, segmentation, segmentation.labels, job.requests[0]),
            *(segmentation.probabilities.values, viewer.layers["uncertainty case"]),
        )
    ]
    job.ending = None
    voxels = weakref.ref(layer.data if layer.data.base is None else layer.data.base)
    del layer, mask, segmentation, signal
    viewer.layers.clear()
    job.requests.clear()
    check.asked.clear()
    add("another_t1")  # napari's canvas lets go of a layer when it draws another
    qtbot.wait(300)
    checked(qtbot, dock)
    gc.collect()
    assert [ref() for ref in alive] == [None] * len(alive)
    assert voxels() is None


def test_a_mask_of_a_study_that_is_not_shown_stays_hidden_and_is_named(
    dock, viewer, qtbot, job, two
):
    """On the other patient's images it would be taken for his."""
    with qtbot.waitSignal(dock.finished, timeout=MS):
        viewer.layers.selection.active = two[1]
        point = viewer.dims.point
        click(qtbot, dock, "drop_waiting")
        job.go.set()
    mask = masks(viewer)["segmentation A"]
    assert not mask.visible
    assert viewer.layers.selection.active is two[1]
    assert viewer.dims.point == point
    assert dock.mask_view.layer is None, "Save would write the mask of another patient"
    assert "A: Done in" in dock.said
    assert "'segmentation A', hidden" in dock.said
    viewer.layers.selection.active = mask
    assert dock.findChild(QLabel, "volume_NCR").text() != ""


def test_the_volumes_shown_stay_those_of_the_study_that_is_shown(dock, viewer, qtbot, job, two):
    own = viewer.add_labels(np.ones(OTHER.shape, np.uint8), name="mask B")
    click(qtbot, dock, "drop_waiting")
    job.go.set()
    idle(qtbot, dock)
    assert "segmentation A" in viewer.layers
    assert dock.mask_view.layer is own
