"""A study as the scanner gave it, four oblique grids and a skull, through the panel to a file."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton

from napari_acs.imaging import Volume, from_lps, read_labels, read_volume
from napari_acs.imaging.registration.register import register
from napari_acs.viewer.info import info_in

FOLDER = SHARED_DATA / "tcga-lgg-native" / "TCGA-FG-6692"
MS = 240_000


@pytest.fixture
def viewer(make_napari_viewer, acs_plugin):
    return make_napari_viewer()


def _click(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def _check(qtbot, dock) -> dict[str, str]:
    checker = dock.preparation.checker
    qtbot.waitUntil(lambda: not checker.waiting and bool(checker.lines), timeout=MS)
    return {line.topic: line.status for line in checker.lines}


@needs_shared_data
def test_align_strip_segment_save(viewer, qtbot, tmp_path):
    _, dock = viewer.window.add_plugin_dock_widget("napari-acs", "Segment")
    qtbot.waitUntil(lambda: dock.panel.model_id is not None, timeout=MS)
    with qtbot.waitSignal(dock.opener.opened, timeout=MS):
        dock.opener.open([str(FOLDER)])
    found = _check(qtbot, dock)
    assert (found["grids"], found["skull"]) == ("red", "amber")
    assert dock.findChild(QLabel, "check_grids_mark").accessibleName() == "red"
    _click(qtbot, dock, "segment")
    assert "different grids" in dock.said
    assert not dock.busy

    with qtbot.waitSignal(dock.preparation.moved, timeout=MS):
        _click(qtbot, dock, "fix_align")
    assert "FLAIR is good" in dock.said
    found = _check(qtbot, dock)
    assert found["grids"] == "green"

    chosen = dock.panel.sequences.selected()
    dock.panel.preparation._prepared.value = True
    with qtbot.waitSignal(dock.finished, timeout=MS):
        _click(qtbot, dock, "segment")
    prepared = [layer for layer in viewer.layers if layer.name.endswith("prepared")]
    assert len(prepared) == 4
    assert all(np.count_nonzero(layer.data) < 0.5 * layer.data.size for layer in prepared)
    assert dock.panel.sequences.selected() == chosen, "a prepared image took a sequence's place"
    mask = viewer.layers.selection.active
    assert isinstance(mask, Labels), dock.said
    assert "brain was cut out" in dock.said
    brains = [layer for layer in viewer.layers if layer.name.startswith("brain mask")]
    assert len(brains) == 1
    assert not brains[0].visible

    target = tmp_path / "mask.nii.gz"
    dock.saver._ask_path = lambda *_: target
    with qtbot.waitSignal(dock.saver.saved, timeout=MS):
        _click(qtbot, dock, "save")
    assert "Verified" in dock.said
    reference = read_volume(next(FOLDER.glob("*_t1c.nii.gz")))
    saved = read_labels(target)
    assert saved.grid == reference.grid, "the geometry is not the source's, bit for bit"
    stored = from_lps(mask.data, reference.grid)
    np.testing.assert_array_equal(saved.array > 0, stored > 0)
    steps = info_in(mask.metadata).provenance["inputs"]["flair"]["steps"]
    assert [step["step"] for step in steps] == ["registered", "resampled", "brain extracted"]
    assert _dice(saved, reference) > 0.7  # 0.78; 0.85 on the twin that was prepared by hand


def _dice(saved: Volume, reference: Volume) -> float:
    """Hold the mask against the consensus of five programs, brought to the native grid."""
    twin = read_volume(FOLDER / "brats_space" / "OtherEXampleFromTCIA_t1c_bet.nii.gz")
    truth = read_labels(FOLDER / "brats_space" / "simple.nii.gz")
    matrix = register(reference, twin).matrix
    grid = reference.grid
    inside = np.indices(grid.shape).reshape(3, -1)[::-1].T
    points = grid.index_to_point(inside) @ matrix[:3, :3].T + matrix[:3, 3]
    at = np.round(truth.grid.point_to_index(points)).astype(int)[:, ::-1]
    valid = np.all((at >= 0) & (at < truth.grid.shape), axis=1)
    theirs = np.zeros(len(at), bool)
    theirs[valid] = truth.array[tuple(at[valid].T)] > 0
    ours = saved.array.ravel() > 0
    return 2 * np.count_nonzero(ours & theirs) / (ours.sum() + theirs.sum())
