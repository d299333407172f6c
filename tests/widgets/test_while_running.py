"""The Segment panel while a job runs: clicks, closed and renamed layers, a closed window."""

from __future__ import annotations

from collections import Counter

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QProgressBar
from widgets.clicks import MS, click, masks, segment


def test_cancel_stops_the_job_and_leaves_everything_as_it_was(dock, add, viewer, qtbot, job):
    add("p_t1")
    job.go.clear()
    with qtbot.waitSignal(dock.finished, timeout=MS) as signal:
        click(qtbot, dock, "segment")
        qtbot.waitUntil(lambda: dock.findChild(QProgressBar, "progress").value() == 250)
        assert "1 of 4" in dock.findChild(QLabel, "stage").text()
        click(qtbot, dock, "cancel")
    assert signal.args[0].kind == "cancelled"
    assert job.stopped.is_set()
    assert masks(viewer) == []


def test_a_second_click_while_running_starts_nothing(dock, add, viewer, qtbot, job):
    add("p_t1")
    job.go.clear()
    with qtbot.waitSignal(dock.finished, timeout=MS):
        click(qtbot, dock, "segment")
        click(qtbot, dock, "segment")
        dock.segment()
        qtbot.waitUntil(lambda: len(job.requests) == 1)
        job.go.set()
    assert len(job.requests) == 1
    assert len(masks(viewer)) == 1


def test_a_layer_closed_while_running_stops_the_job_and_its_result_is_dropped(
    dock, add, viewer, qtbot, job
):
    add("p_t1")
    add("p_t2")
    job.go.clear()
    click(qtbot, dock, "segment")
    qtbot.waitUntil(lambda: len(job.requests) == 1)
    viewer.layers.remove("p_t2")
    assert not dock.busy
    assert "p_t2" in dock.said
    qtbot.waitUntil(job.stopped.is_set, timeout=MS)
    assert masks(viewer) == []
    job.go.set()
    segment(qtbot, dock)
    assert len(masks(viewer)) == 1, "the panel does not work any more"


def test_a_renamed_layer_while_running_does_no_harm(dock, add, viewer, qtbot, job):
    layer = add("p_t1")
    job.go.clear()
    with qtbot.waitSignal(dock.finished, timeout=MS):
        click(qtbot, dock, "segment")
        qtbot.waitUntil(lambda: len(job.requests) == 1)
        layer.name = "renamed"
        job.go.set()
    assert len(masks(viewer)) == 1


def test_a_viewer_closed_while_running_stops_the_job(dock, add, viewer, qtbot, job):
    add("p_t1")
    job.go.clear()
    click(qtbot, dock, "segment")
    qtbot.waitUntil(lambda: len(job.requests) == 1)
    viewer.close()
    qtbot.waitUntil(job.stopped.is_set, timeout=MS)


def test_the_window_stays_awake_while_a_job_runs(dock, add, qtbot, job):
    add("p_t1")
    job.go.clear()
    beats: Counter[str] = Counter()
    timer = QTimer()
    timer.setInterval(10)
    timer.timeout.connect(lambda: beats.update(["beat"]))
    with qtbot.waitSignal(dock.finished, timeout=MS):
        click(qtbot, dock, "segment")
        timer.start()
        # Ends only if the event loop turns while the job is held up.
        qtbot.waitUntil(lambda: beats["beat"] >= 20, timeout=MS)
        assert dock.busy
        job.go.set()
