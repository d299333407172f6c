"""The check list: it follows the layers, red blocks, Segment waits for it."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic, sleep

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLabel, QToolButton
from widgets.checked_dock import MS, RED, SKULL, checked, click, text
from widgets.fakes import GREEN

from napari_acs.inference.messages import Failure


def test_the_check_follows_the_layers_and_says_what_was_found(dock, add, qtbot, check):
    check.lines = (GREEN, SKULL)
    add("p_t1")
    checked(qtbot, dock)
    assert text(dock, "grids") == "Sequences lie on one grid"
    assert text(dock, "skull") == "A skull is there: T1. Strip it."
    assert dock.findChild(QLabel, "check_skull_mark").text() == "!"
    assert dock.findChild(QLabel, "check_skull").isVisibleTo(dock)
    passed = dock.findChild(QToolButton, "check_passed")
    assert "1 check passed" in passed.text()
    assert not dock.findChild(QLabel, "check_grids").isVisibleTo(dock)
    qtbot.mouseClick(passed, Qt.MouseButton.LeftButton)
    assert dock.findChild(QLabel, "check_grids").isVisibleTo(dock)
    assert set(check.asked[-1][0].layers) == {"t1"}
    add("p_flair")
    qtbot.waitUntil(lambda: set(check.asked[-1][0].layers) == {"t1", "flair"}, timeout=MS)
    checked(qtbot, dock)


def test_the_choice_of_brain_is_checked_too(dock, add, viewer, qtbot, check):
    add("p_t1")
    checked(qtbot, dock)
    assert check.asked[-1][1] == "auto"
    box = dock.findChild(QComboBox, "preparation_brain")
    box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: check.asked[-1][1] == "none", timeout=MS)
    viewer.add_labels(np.zeros((4, 4, 4), np.uint8), name="own mask")
    box.setCurrentIndex(box.findText("own mask"))
    qtbot.waitUntil(lambda: check.asked[-1][1] == "mask", timeout=MS)
    checked(qtbot, dock)


def test_nothing_open_and_a_bad_layer_are_said_in_the_list(dock, viewer, qtbot, check):
    assert "Open a study" in text(dock, "wait")
    viewer.add_image(np.zeros((20, 20)), name="p_t1")
    assert "2 dimensions" in text(dock, "wait")
    assert check.asked == []


def test_red_blocks_and_says_why_amber_does_not(dock, add, qtbot, check, job):
    check.lines = (replace(RED, topic="duplicates", title="One image twice"),)
    add("p_t1")
    checked(qtbot, dock)
    with qtbot.waitSignal(dock.finished, timeout=MS) as signal:
        click(qtbot, dock, "segment")
    assert isinstance(signal.args[0], Failure)
    assert "One image twice: T1 and T2 differ. Align them." in dock.said
    assert job.requests == []
    check.lines = (SKULL,)
    add("p_t2")
    checked(qtbot, dock)
    with qtbot.waitSignal(dock.finished, timeout=MS):
        click(qtbot, dock, "segment")
    assert len(job.requests) == 1


def test_segment_waits_for_a_check_that_is_not_ready(dock, add, qtbot, check, job):
    check.go.clear()
    add("p_t1")
    click(qtbot, dock, "segment")
    assert dock.busy
    qtbot.waitUntil(lambda: len(check.asked) == 1, timeout=MS)
    assert job.requests == []
    with qtbot.waitSignal(dock.finished, timeout=MS):
        check.go.set()
    assert len(job.requests) == 1


def test_a_layer_opened_while_the_check_runs_ends_the_wait(dock, add, qtbot, check, job):
    check.go.clear()
    add("p_t1")
    click(qtbot, dock, "segment")
    add("p_t2")
    assert not dock.busy
    assert "changed" in dock.said
    check.go.set()
    checked(qtbot, dock)
    assert job.requests == []


def test_cancel_while_the_check_runs(dock, add, qtbot, check, job):
    check.go.clear()
    add("p_t1")
    click(qtbot, dock, "segment")
    click(qtbot, dock, "cancel")
    assert not dock.busy
    check.go.set()
    checked(qtbot, dock)
    assert job.requests == []


def test_a_failed_check_does_not_pass_for_a_good_one(dock, add, qtbot, check):
    def broken(*_):
        raise RuntimeError("boom")

    dock.preparation.checker._check = broken
    add("p_t1")
    checked(qtbot, dock)
    assert "boom" in text(dock, "fault")


def test_other_voxels_in_a_layer_are_checked_before_they_are_segmented(
    dock, add, qtbot, check, job
):
    layer = add("p_t1")
    checked(qtbot, dock)
    check.lines = (replace(RED, topic="duplicates", title="One image twice", action=""),)
    layer.data = layer.data[::-1].copy()
    with qtbot.waitSignal(dock.finished, timeout=MS):
        click(qtbot, dock, "segment")
    assert job.requests == []
    assert "One image twice" in dock.said


def test_a_layer_that_was_put_back_is_checked_before_it_is_segmented(dock, add, qtbot, check, job):
    layer = add("p_t1")
    checked(qtbot, dock)
    place = layer.translate
    layer.translate = place + 5
    add("notes")  # whatever makes the panel look again
    assert "moved" in text(dock, "wait")
    layer.translate = place
    check.lines = (replace(RED, topic="duplicates", title="One image twice", action=""),)
    with qtbot.waitSignal(dock.finished, timeout=MS):
        click(qtbot, dock, "segment")
    assert job.requests == []


def test_closing_the_panel_stops_a_check_that_runs(dock, add, viewer, qtbot, check):
    stopped = []

    def endless(study, needs, brain, cancelled):
        check.asked.append((study, brain))
        until = monotonic() + 20
        while not cancelled() and monotonic() < until:
            sleep(0.01)
        stopped.append(cancelled())
        return ()

    dock.preparation.checker._check = endless
    add("p_t1")
    qtbot.waitUntil(lambda: bool(check.asked), timeout=MS)
    dock.preparation.checker.deleteLater()
    qtbot.waitUntil(lambda: stopped == [True], timeout=MS)
