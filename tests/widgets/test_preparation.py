"""The buttons of the check list, clicked: Align and Strip make layers that count."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtWidgets import QComboBox, QPushButton
from widgets.checked_dock import MS, RED, SKULL, checked, click
from widgets.fakes import GREEN, GRID

from napari_acs.imaging import Grid, Volume
from napari_acs.imaging.step import Step
from napari_acs.viewer.info import LayerInfo, info_in
from napari_acs.viewer.snapshot import LayerSnapshot, StudySnapshot
from napari_acs.widgets.preparing import AlignedStudy, FoundBrain

OTHER = Grid((9, 11, 8), (1.0, 1.2, 3.0), (-20.0, 10.0, 5.0), GRID.direction)


def aligned(request):
    """Answer as `align` does: everything on the grid of T1."""
    volumes = request.study.volumes()
    step, done = Step("registered", "made up", "look", "it moved far"), Step("resampled", "")
    home = volumes["t1"].grid
    moved = {
        key: volume
        if key == "t1"
        else Volume(np.zeros(home.shape, np.float32), home, volume.source, None, (step, done))
        for key, volume in volumes.items()
    }
    found = SimpleNamespace(verdict="look", why="it moved far", moved_mm=3.0, turned_deg=1.0)
    return AlignedStudy(
        SimpleNamespace(volumes=moved, reference="t1", alignments={"t2": found}, verdict="look")
    )


def brain(request):
    mask = np.zeros(request.study.reference.grid.shape, bool)
    mask[2:8, 3:9, 4:10] = True
    step = Step("brain extracted", "made up", "good")
    return FoundBrain(SimpleNamespace(mask=mask, grid=request.study.reference.grid, step=step))


def test_align_makes_layers_that_are_chosen_and_hides_the_old(
    dock, add, viewer, qtbot, check, prepare
):
    check.lines = (RED,)
    add("T1 case", GRID, "case", "t1")
    old = add("T2 case", OTHER, "case", "t2")
    checked(qtbot, dock)
    prepare.ending = aligned
    check.lines = (GREEN,)
    with qtbot.waitSignal(dock.preparation.moved, timeout=MS):
        click(qtbot, dock, "fix_align")
        assert dock.busy
    assert prepare.requests[0].reference is None
    (new,) = [layer for layer in viewer.layers if layer.name == "T2 case aligned to T1"]
    assert dock.panel.sequences.selected()["t2"] is new
    assert info_in(new.metadata).home.grid == GRID
    assert not old.visible
    assert "T2 needs a look (moved 3.0 mm, turned 1.0°): it moved far" in dock.said
    checked(qtbot, dock)
    with qtbot.waitSignal(dock.finished, timeout=MS):
        click(qtbot, dock, "segment")


def test_the_users_choice_of_grid_is_taken_or_refused(dock, add, qtbot, check, prepare):
    check.lines = (RED,)
    add("T1 case", GRID, "case", "t1")
    add("T2 case", OTHER, "case", "t2")
    checked(qtbot, dock)
    box = dock.findChild(QComboBox, "preparation_reference")
    box.setCurrentIndex(box.findText("FLAIR"))
    click(qtbot, dock, "fix_align")
    assert "FLAIR is to give the grid" in dock.said
    box.setCurrentIndex(box.findText("T2"))
    click(qtbot, dock, "fix_align")
    qtbot.waitUntil(lambda: len(prepare.requests) == 1 and not dock.busy, timeout=MS)
    assert prepare.requests[0].reference == "t2"
    assert "Not made up" in dock.said


def test_strip_makes_a_brain_mask_that_segment_uses_as_it_was_corrected(
    dock, add, viewer, qtbot, check, prepare, job
):
    check.lines = (SKULL,)
    add("p_t1")
    checked(qtbot, dock)
    prepare.ending = brain
    click(qtbot, dock, "fix_strip")
    qtbot.waitUntil(lambda: not dock.busy and len(prepare.requests) == 1, timeout=MS)
    (layer,) = [layer for layer in viewer.layers if isinstance(layer, Labels)]
    assert layer.contour == 1
    assert dock.mask_view.layer is None, "a brain mask is no tumour mask"
    assert dock.findChild(QComboBox, "preparation_brain").currentText() == layer.name
    layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 1)
    with qtbot.waitSignal(dock.finished, timeout=MS):
        click(qtbot, dock, "segment")
    used = job.requests[0].brain
    assert used.labels.sum() == 6 * 6 * 6 + 1
    viewer.layers.remove(layer)
    assert dock.panel.preparation.brain == "auto"


@pytest.mark.parametrize("action", ["align", "strip"])
def test_a_job_of_preparation_can_be_cancelled(dock, add, viewer, qtbot, check, prepare, action):
    check.lines = (replace(RED if action == "align" else SKULL, status="amber"),)
    add("p_t1")
    checked(qtbot, dock)
    prepare.go.clear()
    count = len(viewer.layers)
    click(qtbot, dock, f"fix_{action}")
    assert not dock.findChild(QPushButton, f"fix_{action}").isEnabled()
    qtbot.waitUntil(lambda: len(prepare.requests) == 1, timeout=MS)
    click(qtbot, dock, "cancel")
    qtbot.waitUntil(lambda: not dock.busy, timeout=MS)
    assert len(viewer.layers) == count
    assert "Cancelled" in dock.said


def test_a_layer_closed_while_it_is_aligned_stops_the_job(dock, add, viewer, qtbot, check, prepare):
    check.lines = (RED,)
    add("T1 case", GRID, "case", "t1")
    add("T2 case", OTHER, "case", "t2")
    checked(qtbot, dock)
    prepare.go.clear()
    prepare.ending = aligned
    click(qtbot, dock, "fix_align")
    qtbot.waitUntil(lambda: len(prepare.requests) == 1, timeout=MS)
    viewer.layers.remove("T2 case")
    assert not dock.busy
    prepare.go.set()
    qtbot.wait(300)
    assert [layer.name for layer in viewer.layers] == ["T1 case"]


def start(qtbot, dock, check, line, prepare, ending, name):
    """Click a button of the check list, and hold its job up."""
    check.lines = (line,)
    checked(qtbot, dock)
    prepare.ending = ending
    prepare.go.clear()
    click(qtbot, dock, name)
    qtbot.waitUntil(lambda: len(prepare.requests) == 1, timeout=MS)


def test_buttons_of_a_check_that_ends_while_a_job_runs_are_off(dock, add, qtbot, check, job):
    check.lines = (SKULL,)
    job.go.clear()
    add("p_t1")
    click(qtbot, dock, "segment")
    qtbot.waitUntil(lambda: len(job.requests) == 1, timeout=MS)
    assert not dock.findChild(QPushButton, "fix_strip").isEnabled()
    with qtbot.waitSignal(dock.finished, timeout=MS):
        job.go.set()
    assert dock.findChild(QPushButton, "fix_strip").isEnabled()


def test_the_brain_mask_of_one_patient_is_not_used_for_the_next(
    dock, add, viewer, qtbot, check, prepare, job
):
    add("T1 A", GRID, "A", "t1")
    start(qtbot, dock, check, SKULL, prepare, brain, "fix_strip")
    prepare.go.set()
    qtbot.waitUntil(lambda: not dock.busy, timeout=MS)
    assert isinstance(dock.panel.preparation.brain, Labels)
    add("T1 B", GRID, "B", "t1")
    assert dock.panel.preparation.brain == "auto"
    checked(qtbot, dock)
    assert check.asked[-1][1] == "auto"
    with qtbot.waitSignal(dock.finished, timeout=MS):
        click(qtbot, dock, "segment")
    assert job.requests[0].brain == "auto"


@pytest.mark.parametrize(
    ("line", "ending", "name"), [(RED, aligned, "fix_align"), (SKULL, brain, "fix_strip")]
)
def test_a_patient_opened_meanwhile_is_not_mixed_with_the_one_before(
    dock, add, viewer, qtbot, check, prepare, line, ending, name
):
    add("T1 A", GRID, "A", "t1")
    add("T2 A", GRID if name == "fix_strip" else OTHER, "A", "t2")
    start(qtbot, dock, check, line, prepare, ending, name)
    new = {key: add(f"{title} B", GRID, "B", key) for key, title in (("t1", "T1"), ("t2", "T2"))}
    count = len(viewer.layers)
    prepare.go.set()
    qtbot.waitUntil(lambda: not dock.busy, timeout=MS)
    qtbot.wait(200)
    chosen = dock.panel.sequences.selected()
    assert {key: layer for key, layer in chosen.items() if layer is not None} == new
    assert dock.panel.preparation.brain == "auto"
    assert len(viewer.layers) == count
    assert "dropped" in dock.said


def test_a_patient_opened_while_aligned_layers_are_added_is_not_mixed(
    dock, add, viewer, qtbot, check, prepare
):
    add("T1 A", GRID, "A", "t1")
    add("T2 A", OTHER, "A", "t2")
    start(qtbot, dock, check, RED, prepare, aligned, "fix_align")
    inserted = viewer.layers.events.inserted
    new = []

    def open_b(event=None):
        inserted.disconnect(open_b)
        assert dock.busy, "layers are still being added"
        new.append(add("T1 B", GRID, "B", "t1"))

    inserted.connect(open_b)
    with qtbot.waitSignal(dock.preparation.moved, timeout=MS):
        prepare.go.set()
    studies = {
        info_in(layer.metadata).study
        for layer in dock.panel.sequences.selected().values()
        if layer is not None
    }
    assert len(studies) == 1


def test_layers_that_another_reader_opened_stay_chosen_after_align(
    dock, viewer, qtbot, check, prepare
):
    voxels = np.random.default_rng(0).normal(100, 10, (12, 12, 12)).astype(np.float32)
    one = viewer.add_image(voxels, name="p_t1")
    viewer.add_image(voxels[:9], name="p_t2", scale=(1.5, 1, 1))
    start(qtbot, dock, check, RED, prepare, aligned, "fix_align")
    with qtbot.waitSignal(dock.preparation.moved, timeout=MS):
        prepare.go.set()
    chosen = dock.panel.sequences.selected()
    assert chosen["t1"] is one
    assert chosen["t2"].name == "T2 aligned to T1"


def test_what_was_chosen_by_hand_stays_chosen_after_align(dock, add, viewer, qtbot, check, prepare):
    one = add("first", GRID, "case")
    add("second", OTHER, "case")
    for sequence, name in (("t1", "first"), ("t2", "second")):
        box = dock.findChild(QComboBox, f"sequence_{sequence}")
        box.setCurrentIndex(box.findText(name))
    start(qtbot, dock, check, RED, prepare, aligned, "fix_align")
    with qtbot.waitSignal(dock.preparation.moved, timeout=MS):
        prepare.go.set()
    chosen = dock.panel.sequences.selected()
    assert chosen["t1"] is one
    assert chosen["t2"].name == "T2 case aligned to T1"


def test_a_brain_that_was_not_found_is_shown_but_not_used(dock, add, viewer, qtbot, check, prepare):
    def failed(request):
        found = brain(request).brain
        found.step = replace(found.step, verdict="failed", why="It measures 20 ml.")
        return FoundBrain(found)

    add("p_t1")
    start(qtbot, dock, check, SKULL, prepare, failed, "fix_strip")
    prepare.go.set()
    qtbot.waitUntil(lambda: not dock.busy, timeout=MS)
    assert any(isinstance(layer, Labels) for layer in viewer.layers)
    assert dock.panel.preparation.brain == "auto"
    assert "could not be told from the skull: It measures 20 ml." in dock.said


def test_the_reference_of_an_aligned_study_is_the_one_it_was_aligned_to():
    home = LayerInfo(GRID, None, "case", "t1ce")
    moved = LayerInfo(GRID, None, "case", "t1", reference=home)
    shots = {
        "t1": LayerSnapshot("a", None, moved),
        "t1ce": LayerSnapshot("b", None, home),
        "t2": LayerSnapshot("c", None, LayerInfo(OTHER)),
    }
    assert StudySnapshot("case", shots).reference_sequence == "t1ce"
    del shots["t1ce"]
    assert StudySnapshot("case", shots).reference_sequence == "t1"
