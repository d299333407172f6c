"""A real case classified as a user does it: open, Classify, take the core out, see it move, why."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_acs.imaging import from_lps
from napari_acs.viewer.info import info_in

CASE = SHARED_DATA / "brats2021" / "BraTS2021_01479"
MS = 120_000


@pytest.fixture
def viewer(make_napari_viewer, acs_plugin):
    return make_napari_viewer()


def _click(dock, qtbot, name):
    with qtbot.waitSignal(dock.finished, timeout=MS) as heard:
        qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)
    return heard.args[0]


@needs_shared_data
def test_open_classify_edit_and_ask_why(viewer, qtbot):
    _, dock = viewer.window.add_plugin_dock_widget("napari-acs", "Classify")
    qtbot.waitUntil(lambda: dock.panel.spec is not None, timeout=MS)
    viewer.open(str(CASE), plugin="napari-acs")
    (mask,) = [layer for layer in viewer.layers if isinstance(layer, Labels)]
    assert dock.panel.chosen_region == ("corrected", mask)
    said = _click(dock, qtbot, "classify").classification
    assert said.named == ("enhancing",), dock.said
    assert "BraTS2021_01479" in dock.panel.card.study.text()
    assert mask.metadata["napari_acs_classification"]["named"] == ["enhancing"]

    why = _click(dock, qtbot, "why")
    moved = {row.key: row.change["enhancing"] for row in why.occlusions}
    assert moved["TC"] < -0.3 < -0.1 < moved["ED"], "the core speaks for it, the oedema does not"
    inside = from_lps(np.asarray(mask.data), info_in(mask.metadata).grid) > 0
    assert why.cam[inside].mean() > 10 * why.cam[~inside].mean(), "it looks at the tumour"

    with qtbot.waitSignal(dock.finished, timeout=MS) as heard:
        mask.data_setitem(np.nonzero(np.isin(np.asarray(mask.data), (1, 3, 4))), 2)
    after = heard.args[0].classification.probabilities["enhancing"]
    before = said.probabilities["enhancing"]
    assert f"enhancing {before:.2f} -> {after:.2f}" in dock.panel.card.moved.text()


@pytest.fixture
def nameless(tmp_path):
    """Lay the case out in files whose names say nothing, in an order that is not ours."""
    folder = tmp_path / "patient"
    folder.mkdir()
    for letter, key in zip("abcd", ("t2", "t1ce", "flair", "t1"), strict=True):
        (file,) = CASE.glob(f"*_{key}.nii.gz")
        (folder / f"{letter}.nii.gz").symlink_to(file)
    return folder


@needs_shared_data
def test_the_sequence_classifier_finds_what_the_other_classifier_needs(viewer, qtbot, nameless):
    """Open nameless files in the Segment panel: both panels know them by what they show."""
    _, segment = viewer.window.add_plugin_dock_widget("napari-acs", "Segment")
    _, dock = viewer.window.add_plugin_dock_widget("napari-acs", "Classify")
    qtbot.waitUntil(lambda: dock.panel.spec is not None, timeout=MS)
    with qtbot.waitSignal(segment.opener.opened, timeout=MS):
        segment.opener.open([str(nameless)])
    found = {key: layer for key, layer in dock.panel.sequences.selected().items() if layer}
    for key, letter in {"t2": "a", "t1ce": "b", "flair": "c", "t1": "d"}.items():
        info = info_in(found[key].metadata)
        assert info.source.name == f"{letter}.nii.gz"
        assert "the image looks like" in info.guess.reason
    (file,) = CASE.glob("*_seg.nii.gz")
    viewer.open(str(file), plugin="napari-acs")
    (mask,) = [layer for layer in viewer.layers if isinstance(layer, Labels)]
    regions = dock.panel.region
    dock.panel.region.setCurrentIndex(
        next(i for i in range(regions.count()) if mask.name in regions.itemText(i))
    )
    said = _click(dock, qtbot, "classify").classification
    assert said.named == ("enhancing",), dock.said
