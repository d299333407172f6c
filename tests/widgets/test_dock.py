"""The Segment panel, clicked: sequences, progress, results, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from napari.layers import Layer
from qtpy.QtWidgets import QComboBox, QLabel, QPushButton
from widgets.clicks import MS, click, masks, segment
from widgets.fakes import GRID, labels_on

from napari_acs.imaging import Grid, from_lps, read_labels
from napari_acs.inference.messages import Failure
from napari_acs.viewer.info import LayerInfo, info_in
from napari_acs.viewer.layers import labels_layer


def shown(dock):
    names = ("t1", "t1ce", "t2", "flair")
    return {n: dock.findChild(QComboBox, f"sequence_{n}").currentText() for n in names}


def test_sequences_are_matched_by_name_and_follow_the_layers(dock, add, viewer, qtbot):
    for name in ("p1_t1ce", "p1_flair", "p1_t1", "p1_t2"):
        add(name)
    assert shown(dock) == {"t1": "p1_t1", "t1ce": "p1_t1ce", "t2": "p1_t2", "flair": "p1_flair"}
    viewer.layers["p1_t2"].name = "something"
    assert shown(dock)["t2"] == "none"
    viewer.layers.remove("p1_flair")
    assert shown(dock)["flair"] == "none"
    box = dock.findChild(QComboBox, "sequence_t2")
    box.setCurrentIndex(box.findText("something"))
    add("another")
    assert shown(dock)["t2"] == "something", "the user's choice was dropped"


def test_a_click_gives_an_editable_mask_with_names_colours_and_volumes(
    dock, add, viewer, qtbot, job
):
    add("p_t1")
    add("p_flair")
    segment(qtbot, dock)
    (layer,) = masks(viewer)
    np.testing.assert_array_equal(from_lps(layer.data, GRID), labels_on(GRID))
    assert set(job.requests[0].study.layers) == {"t1", "flair"}
    assert layer.features.to_numpy().tolist() == [
        [0, "background"],
        [1, "necrotic and non-enhancing core (NCR)"],
        [2, "oedema (ED)"],
        [3, "enhancing tumour (ET)"],
    ]
    assert tuple(np.round(layer.get_color(3)[:3], 2)) == (1.0, 0.83, 0.0)
    ml = GRID.voxel_ml
    expected = {
        n: np.count_nonzero(labels_on(GRID) == v) * ml
        for n, v in {"NCR": 1, "ED": 2, "ET": 3}.items()
    }
    expected["WT"] = sum(expected.values())
    expected["TC"] = expected["NCR"] + expected["ET"]
    for name, value in expected.items():
        text = dock.findChild(QLabel, f"volume_{name}").text()
        assert text == f"{value:.2f} ml", name
    assert "A note." in dock.said


def test_painting_and_undo_work_at_once_and_the_volumes_follow(dock, add, viewer, qtbot):
    add("p_t1")
    segment(qtbot, dock)
    (layer,) = masks(viewer)
    before = layer.data.copy()
    text = dock.findChild(QLabel, "volume_ET").text()
    layer.selected_label = 3
    layer.paint(np.argwhere(before == 0)[0], 3)
    assert (layer.data == 3).sum() > (before == 3).sum()
    qtbot.waitUntil(lambda: dock.findChild(QLabel, "volume_ET").text() != text, timeout=MS)
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)
    qtbot.waitUntil(lambda: dock.findChild(QLabel, "volume_ET").text() == text, timeout=MS)


def test_a_second_run_leaves_the_edited_mask_alone(dock, add, viewer, qtbot):
    add("p_t1")
    segment(qtbot, dock)
    (first,) = masks(viewer)
    first.data_setitem((np.array([0]), np.array([0]), np.array([0])), 1)
    edited = first.data.copy()
    segment(qtbot, dock)
    assert len(masks(viewer)) == 2
    np.testing.assert_array_equal(first.data, edited)
    assert masks(viewer)[1].data[0, 0, 0] == 0


def test_a_second_run_does_not_lie_on_the_first_as_if_they_were_one(dock, add, viewer, qtbot):
    add("p_t1")
    segment(qtbot, dock)
    (first,) = masks(viewer)
    assert "earlier" not in dock.said
    segment(qtbot, dock)
    assert [mask.visible for mask in masks(viewer)] == [False, True]
    assert f"The earlier mask {first.name!r} stays as it was, hidden" in dock.said
    viewer.layers.remove(masks(viewer)[1])
    segment(qtbot, dock)  # hidden already, and the other is gone
    assert "earlier" not in dock.said


def test_a_mask_from_a_file_does_not_lie_under_a_new_one(dock, add, viewer, qtbot):
    image = info_in(add("p_t1", study="a").metadata)
    for name, study in (("expert", "a"), ("another", "b")):
        info = LayerInfo(GRID, Path(name), study, reference=image)
        described = labels_layer(labels_on(GRID), info, name)
        viewer.add_layer(Layer.create(*described))
    viewer.layers.selection.active = viewer.layers["p_t1"]
    segment(qtbot, dock)
    assert not viewer.layers["expert"].visible
    assert viewer.layers["another"].visible
    assert "'expert' stays as it was, hidden" in dock.said


def test_a_mask_of_another_study_is_not_hidden(dock, add, viewer, qtbot):
    add("p_t1", study="a")
    segment(qtbot, dock)
    add("q_t1", study="b")
    masks(viewer)[0].visible = True  # the second study hid it: who wants both clicks the eye
    segment(qtbot, dock)
    assert [mask.visible for mask in masks(viewer)] == [True, True]


@pytest.mark.parametrize(("labels", "top"), [("1/2/4", 4), ("1/2/3", 3)])
def test_save_mask_writes_the_studys_own_grid(dock, add, viewer, qtbot, saved_to, labels, top):
    add("p_t1")
    segment(qtbot, dock)
    dock.panel._convention.value = labels
    with qtbot.waitSignal(dock.saver.saved, timeout=MS):
        click(qtbot, dock, "save")
    volume = read_labels(saved_to)
    assert volume.grid.difference(GRID) is None
    expected = labels_on(GRID)
    expected[expected == 3] = top
    np.testing.assert_array_equal(volume.array, expected)
    assert str(saved_to) in dock.said


def _nothing(add, viewer):
    pass


def _flat(add, viewer):
    viewer.add_image(np.zeros((20, 20)), name="p_t1")


def _colour(add, viewer):
    viewer.add_image(np.zeros((6, 20, 20, 3), np.uint8), rgb=True, name="p_t1")


def _two_grids(add, viewer):
    add("p_t1")
    add("p_t2", Grid(GRID.size, GRID.spacing, (0.0, 0.0, 0.0), GRID.direction))


def _other_size(add, viewer):
    add("p_t1")
    add("p_flair", Grid((5, 6, 7), GRID.spacing, GRID.origin, GRID.direction))


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (_nothing, "No sequence is chosen"),
        (_flat, "2 dimensions"),
        (_colour, "colour"),
        (_two_grids, "different grids"),
        (_other_size, "different grids"),
    ],
)
def test_what_cannot_be_segmented_is_a_sentence_and_starts_nothing(
    dock, add, viewer, qtbot, job, prepare, said
):
    prepare(add, viewer)
    click(qtbot, dock, "segment")
    message = dock.findChild(QLabel, "message")
    assert said in message.text()
    assert message.text().count(".") >= 1
    assert not dock.busy
    assert job.requests == []


def test_one_layer_for_two_sequences_is_refused(dock, add, qtbot, job):
    add("p_t1")
    box = dock.findChild(QComboBox, "sequence_flair")
    box.setCurrentIndex(box.findText("p_t1"))
    click(qtbot, dock, "segment")
    assert "twice" in dock.said
    assert job.requests == []


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (Failure("The model found no tumour", "Highest WT 0.10", "Check", "empty"), "no tumour"),
        (Failure("Not enough memory", "needs 9 GB", "Close programs", "input"), "enough memory"),
        (RuntimeError("boom"), "boom"),
    ],
)
def test_a_failed_job_is_a_sentence_and_no_layer(dock, add, viewer, qtbot, job, ending, said):
    add("p_t1")
    job.ending = ending
    segment(qtbot, dock)
    assert said in dock.said
    assert masks(viewer) == []
    assert dock.findChild(QPushButton, "segment").isEnabled()


def test_a_mask_that_is_not_saved_is_said_on_the_panel(
    dock, add, viewer, qtbot, saved_to, monkeypatch
):
    """A worker that returned the refusal itself would raise it, and nobody would hear."""
    add("p_t1")
    segment(qtbot, dock)
    saved_to.mkdir()
    with qtbot.waitSignal(dock.saver.refused, timeout=MS):
        click(qtbot, dock, "save")
    assert "is a folder" in dock.said
    monkeypatch.setattr("napari_acs.widgets.saving.save_mask", lambda *_, **__: 1 / 0)
    with qtbot.waitSignal(dock.saver.refused, timeout=MS):
        click(qtbot, dock, "save")
    assert "ZeroDivisionError" in dock.said


def test_a_file_that_is_not_opened_is_said_on_the_panel(dock, qtbot, tmp_path):
    broken = tmp_path / "case_t1.nii.gz"
    broken.write_bytes(b"no image")
    with qtbot.waitSignal(dock.opener.refused, timeout=MS):
        dock.opener.open([str(broken)])
    assert "case_t1.nii.gz" in dock.said
