"""A session of five studies, read through the panel, and verified by the command line."""

# ruff: noqa: PLC0415
from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import SHARED_DATA
from qtpy.QtWidgets import QPushButton

from napari_acs.imaging import Grid, read_labels, sample_study, write_labels
from napari_acs.imaging.anonymous import write_anonymous
from napari_acs.review.session.database import reading
from napari_acs.review.session.fold import read_state
from napari_acs.review.session.replay import mask_at

WAIT = 120_000
_BRATS = "brats2021"
_FEW = 2


def five_studies(folder):
    """Write a table of the sample, real cases where there are any, and a mask alone."""
    from napari_acs.viewer.sample import true_mask_path

    rows = []
    cases = sorted((SHARED_DATA / _BRATS).glob("BraTS*")) if SHARED_DATA.is_dir() else []
    for case in cases[:_FEW]:
        (seg,) = case.glob("*seg*")
        rows.append((case, seg))
    study = sample_study()
    draw = np.random.default_rng(3)
    while len(rows) < 4:
        place = folder / f"sample{len(rows)}"
        place.mkdir(parents=True)
        for sequence, volume in study.sequences.items():
            noisy = (volume.array + draw.normal(0, 1, volume.array.shape)).astype(np.float32)
            write_anonymous(place / f"x_{sequence}.nii.gz", type(volume)(noisy, volume.grid))
        mask = place / "x_seg.nii.gz"
        shutil.copy(true_mask_path(), mask)
        rows.append((place, mask if len(rows) < 3 else ""))
    grid = Grid((20, 18, 16), (1, 1, 2), (3, 4, 5), (0, 1, 0, 1, 0, 0, 0, 0, -1))
    alone = folder / "alone_seg.nii.gz"
    labels = np.zeros(grid.shape, np.uint8)
    labels[4:9, 3:12, 5:15] = 2
    write_labels(alone, labels, grid)
    rows.append((alone, alone))
    table = folder / "studies.csv"
    lines = "".join(f"{study},{mask}\n" for study, mask in rows)
    table.write_text(f"study,mask\n{lines}")
    return table


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "napari_acs", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow  # test_whole_day.py goes most of this way with a model
def test_five_studies_are_read_closed_reopened_and_verified(make_napari_viewer, qtbot, tmp_path):
    from napari_acs.widgets.review_dock import ReviewDock

    folder = tmp_path / "studies"
    folder.mkdir()
    file = tmp_path / "five.review"
    made = command("review", "new", str(file), str(five_studies(folder)), "--rater", "ann")
    assert made.returncode == 0, made.stderr
    dock = ReviewDock(make_napari_viewer())
    dock.viewer.window.add_dock_widget(dock, name="Review")

    def settle():
        done = []
        dock.cases.keeper.ask(lambda: None, done=done.append)
        qtbot.waitUntil(lambda: bool(done), timeout=WAIT)

    def click(name):
        dock.panel.findChild(QPushButton, name).click()

    with qtbot.waitSignal(dock.begun, timeout=WAIT):
        dock.panel.start.open.emit(file)
    arrays = {}
    for number, word in enumerate(("correct", "accept", "reject", "second", None), start=1):
        assert dock.cases.item == number, dock.said
        layer = dock.cases.screen.mask
        if word == "correct" or word is None:
            with qtbot.waitSignal(dock.saved, timeout=WAIT, check_params_cb=lambda s: s.changed):
                at = dock.cases.screen.at
                layer.n_edit_dimensions, layer.brush_size = 3, 4
                layer.paint(at, 3)
        arrays[number] = np.array(layer.data)
        if word is not None:
            click(word)
            with qtbot.waitSignal(dock.begun, timeout=WAIT):
                click("next")
    place = dock.cases.screen.at
    dock.close_session()
    settle()
    with qtbot.waitSignal(dock.begun, timeout=WAIT):
        dock.panel.start.open.emit(file)
    assert dock.cases.item == 5 and dock.cases.screen.at == place
    for number in (5, 4, 3, 2, 1):
        assert dock.cases.item == number
        assert np.array_equal(dock.cases.screen.mask.data, arrays[number])
        if number > 1:
            with qtbot.waitSignal(dock.begun, timeout=WAIT):
                click("previous")
    dock.close_session()
    settle()

    done = command("review", "verify", str(file), "--json", "-")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sessions"][0]["sound"] is True
    with reading(file) as connection:
        state = read_state(connection)
        statuses = [item.status for item in state.items.values()]
        assert statuses == ["corrected", "accepted", "rejected", "needs second read", "in progress"]
        second = state.items[2]
        given = state.masks[second.masks[0]]
        own = mask_at(connection, state.masks[second.masks[-1]])
        case = state.cases[second.case]
    assert given.origin == "imported"
    raw = read_labels(case.mask).array
    assert np.array_equal(own, np.where(raw == 4, 3, raw)), "untouched, voxel for voxel"
