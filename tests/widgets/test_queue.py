"""More than one click on Segment: what runs, what waits, and what is said of each."""

from __future__ import annotations

import gc
import logging
import weakref
from functools import partial

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton
from superqt import QLabeledDoubleSlider
from widgets.fakes import GRID, labels_on
from widgets.maps import segmentation as made_up

from napari_acs.imaging import Grid, from_lps
from napari_acs.imaging.check.line import CheckLine
from napari_acs.inference.messages import Failure, Result
from napari_acs.viewer.info import info_in

MS = 20_000
OTHER = Grid((9, 11, 8), (1.0, 1.2, 3.0), (-20.0, 10.0, 5.0), GRID.direction)


def click(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def checked(qtbot, dock):
    checker = dock.preparation.checker
    qtbot.waitUntil(lambda: not checker.waiting and checker.lines is not None, timeout=MS)


def waiting(dock):
    return dock.findChild(QLabel, "waiting").text()


def masks(viewer):
    return {layer.name: layer for layer in viewer.layers if isinstance(layer, Labels)}


def idle(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.busy, timeout=MS)


@pytest.fixture
def two(dock, add, qtbot, job):
    """A runs and is held up; B is open, chosen, and waits."""
    a = add("T1 A", GRID, "A", "t1")
    job.go.clear()
    click(qtbot, dock, "segment")
    qtbot.waitUntil(lambda: len(job.requests) == 1, timeout=MS)
    b = add("T1 B", OTHER, "B", "t1")
    checked(qtbot, dock)
    click(qtbot, dock, "segment")
    return a, b


def test_what_is_asked_for_meanwhile_waits_and_comes_next(dock, viewer, qtbot, job, two):
    a, b = two
    assert waiting(dock) == "1 waiting: B"
    assert dock.findChild(QLabel, "waiting").isVisibleTo(dock)
    assert len(job.requests) == 1
    job.go.set()
    idle(qtbot, dock)
    assert [request.study.name for request in job.requests] == ["A", "B"]
    found = masks(viewer)
    for name, layer, grid in (("A", a, GRID), ("B", b, OTHER)):
        mask = found[f"segmentation {name}"]
        np.testing.assert_array_equal(from_lps(mask.data, grid), labels_on(grid))
        np.testing.assert_allclose(mask.translate, layer.translate)
        assert info_in(mask.metadata).study == name
    assert waiting(dock) == ""
    assert not dock.findChild(QLabel, "waiting").isVisibleTo(dock)


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


def test_cancel_forgets_what_waits_for_its_check(dock, add, qtbot, check, job):
    check.go.clear()
    add("p_t1")
    click(qtbot, dock, "segment")
    click(qtbot, dock, "cancel")
    check.go.set()
    checked(qtbot, dock)
    idle(qtbot, dock)
    assert not job.requests


def test_waiting_ones_can_be_dropped_and_what_runs_goes_on(dock, viewer, qtbot, job, two):
    click(qtbot, dock, "drop_waiting")
    assert waiting(dock) == ""
    assert not job.stopped.is_set()
    job.go.set()
    idle(qtbot, dock)
    assert set(masks(viewer)) == {"segmentation A"}


def test_cancel_stops_what_runs_and_starts_what_waits(dock, viewer, qtbot, job, two):
    click(qtbot, dock, "cancel")
    qtbot.waitUntil(lambda: len(job.requests) == 2, timeout=MS)
    assert job.stopped.is_set()
    assert dock.findChild(QPushButton, "cancel").isEnabled()
    job.go.set()
    idle(qtbot, dock)
    assert set(masks(viewer)) == {"segmentation B"}
    assert "A: Cancelled." in dock.said, "the outcome of A was lost behind that of B"
    assert "B: Done" in dock.said


def test_the_same_request_is_not_doubled(dock, qtbot, job, two):
    click(qtbot, dock, "segment")
    assert "'B' waits to be segmented already" in dock.said
    assert waiting(dock) == "1 waiting: B"
    for name in ("A", "B"):  # back to A, by hand
        box = dock.findChild(QComboBox, "sequence_t1")
        box.setCurrentIndex(box.findText(f"T1 {name}"))
        checked(qtbot, dock)
        click(qtbot, dock, "segment")
        if name == "A":
            assert "'A' is being segmented already" in dock.said
    assert waiting(dock) == "1 waiting: B"
    job.go.set()
    idle(qtbot, dock)
    assert len(job.requests) == 2


def test_another_option_is_another_request(dock, qtbot, job, two):
    brain = dock.findChild(QComboBox, "preparation_brain")

    def other_voxels():
        two[1].data = two[1].data.copy()

    changes = (
        dock.findChild(QCheckBox, "flips").click,
        partial(setattr, dock.panel._device, "value", "cpu"),
        other_voxels,
        partial(brain.setCurrentIndex, 1),
    )
    for number, change in enumerate(changes, start=2):
        change()
        checked(qtbot, dock)
        click(qtbot, dock, "segment")
        checked(qtbot, dock)
        assert waiting(dock) == f"{number} waiting: {', '.join(number * 'B')}"
    job.go.set()
    idle(qtbot, dock)
    asked = [(r.flips, r.device, r.brain) for r in job.requests[1:]]
    assert asked == [
        (False, "auto", "auto"),
        (True, "auto", "auto"),
        (True, "cpu", "auto"),
        (True, "cpu", "auto"),
        (True, "cpu", "none"),
    ]


def test_a_layer_closed_takes_along_what_waits_for_it(dock, viewer, qtbot, job, two):
    viewer.layers.remove(two[1])
    assert waiting(dock) == ""
    assert "'B' does not wait any more, because the layer 'T1 B' was closed" in dock.said
    job.go.set()
    idle(qtbot, dock)
    assert set(masks(viewer)) == {"segmentation A"}


def test_a_layer_closed_stops_its_job_and_the_next_one_starts(dock, viewer, qtbot, job, two):
    viewer.layers.remove(two[0])
    qtbot.waitUntil(lambda: len(job.requests) == 2, timeout=MS)
    assert job.stopped.is_set()
    job.go.set()
    idle(qtbot, dock)
    assert set(masks(viewer)) == {"segmentation B"}
    assert "'A' is not segmented, because the layer 'T1 A' was closed" in dock.said


def test_all_layers_closed_at_once_leave_nothing_to_do(dock, viewer, qtbot, job, two):
    viewer.layers.clear()
    assert not dock.busy
    assert "'A' is not segmented" in dock.said
    assert "'B' does not wait" in dock.said
    qtbot.waitUntil(job.stopped.is_set, timeout=MS)
    assert len(job.requests) == 1


def test_a_layer_closed_while_its_check_runs_is_named(dock, add, viewer, qtbot, check, job):
    check.go.clear()
    add("p_t1")
    layer = add("p_t2")
    click(qtbot, dock, "segment")
    viewer.layers.remove(layer)
    assert "'p_t2' was closed" in dock.said
    assert not dock.busy
    check.go.set()
    checked(qtbot, dock)
    assert job.requests == []


def test_what_the_check_forbids_does_not_run_after_what_runs(dock, add, qtbot, check, job, two):
    check.lines = (CheckLine("duplicates", "red", "One image twice", "T1 and T2", "Look"),)
    add("T2 B", OTHER, "B", "t2")
    click(qtbot, dock, "segment")
    qtbot.waitUntil(lambda: "One image twice" in dock.said, timeout=MS)
    assert waiting(dock) == "1 waiting: B"
    job.go.set()
    idle(qtbot, dock)
    assert [set(r.study.layers) for r in job.requests] == [{"t1"}, {"t1"}]
    assert "One image twice" in dock.said


def test_a_renamed_layer_loses_nothing(dock, viewer, qtbot, job, two):
    for layer, name in zip(two, ("one", "two"), strict=True):
        layer.name = name
    assert waiting(dock) == "1 waiting: B"
    job.go.set()
    idle(qtbot, dock)
    assert set(masks(viewer)) == {"segmentation A", "segmentation B"}


def test_voxels_or_a_place_changed_after_the_click_are_said(dock, add, viewer, qtbot, job):
    for change in ("data", "translate", "scale", "nothing"):
        layer = add("p_t1")
        before = layer.data
        job.go.clear()
        click(qtbot, dock, "segment")
        qtbot.waitUntil(lambda: len(job.requests) == 1, timeout=MS)
        if change == "data":
            layer.data = layer.data[::-1].copy()
        elif change != "nothing":
            setattr(layer, change, getattr(layer, change) + 1)
        with qtbot.waitSignal(dock.finished, timeout=MS):
            job.go.set()
        assert ("'p_t1' was changed after the click" in dock.said) == (change != "nothing")
        assert job.requests.pop().study.layers["t1"].data is before
        mask = masks(viewer)["segmentation case"]
        assert info_in(mask.metadata).grid == GRID, "the mask fits the grid at the click"
        viewer.layers.clear()


def test_align_and_strip_wait_until_nothing_runs(dock, qtbot, check, job, prepare, two):
    """They change the layers that were chosen: nothing is asked for beside them, or before."""
    dock.preparation._on_action("strip")
    assert prepare.requests == []
    click(qtbot, dock, "drop_waiting")
    job.go.set()
    idle(qtbot, dock)
    prepare.go.clear()
    dock.preparation._on_action("strip")
    qtbot.waitUntil(lambda: len(prepare.requests) == 1, timeout=MS)
    for name in ("segment", "flips"):
        assert not dock.findChild((QPushButton, QCheckBox)[name == "flips"], name).isEnabled()
    dock.segment()
    assert "click again" in dock.said
    prepare.go.set()
    idle(qtbot, dock)
    assert len(job.requests) == 1
    assert dock.findChild(QPushButton, "segment").isEnabled()


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
