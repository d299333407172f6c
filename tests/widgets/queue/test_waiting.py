"""More than one click on Segment: what runs, what waits, and what comes next."""

from __future__ import annotations

from functools import partial

import numpy as np
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton
from widgets.fakes import GRID, labels_on
from widgets.queued import MS, OTHER, checked, click, idle, masks, waiting

from napari_acs.imaging import from_lps
from napari_acs.imaging.check.line import CheckLine
from napari_acs.viewer.info import info_in


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
