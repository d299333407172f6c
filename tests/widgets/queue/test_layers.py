"""Layers that are closed, renamed or changed while their study waits or is segmented."""

from __future__ import annotations

from widgets.fakes import GRID
from widgets.queued import MS, checked, click, idle, masks, waiting

from napari_acs.viewer.info import info_in


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
