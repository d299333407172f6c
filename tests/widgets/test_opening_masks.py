"""Masks that are opened from the panel land on the study that they were drawn on."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels
from widgets.opened import MS, images, open_them, refusal_of

from napari_acs.imaging import from_lps, save_labels
from napari_acs.imaging.labels.segments import Maker
from napari_acs.viewer.info import info_in


@pytest.fixture
def masks(scanned, tmp_path, dock, viewer, qtbot, choosing):
    """A SEG and an RTSTRUCT of the T2, written elsewhere."""
    choosing()
    open_them(qtbot, dock, scanned[0])
    home = images(viewer)["t2"]
    labels = np.zeros(home.grid.shape, np.uint8)
    labels[8:12, 20:26, 20:27] = 1
    files = [
        save_labels(
            tmp_path / name, labels, home.grid, dicom=home.dicom, maker=Maker("MANUAL")
        ).file
        for name in ("DOE.dcm", "DOE.rtstruct.dcm")
    ]
    return labels, home, files


def test_masks_dropped_on_the_panel_land_on_the_open_study(masks, dock, viewer, qtbot):
    labels, home, files = masks
    open_them(qtbot, dock, *files)
    laid = [layer for layer in viewer.layers if isinstance(layer, Labels)]
    assert len(laid) == 2
    for layer in laid:
        info = info_in(layer.metadata)
        assert info.dicom == home.dicom
        np.testing.assert_array_equal(from_lps(layer.data, info.grid), labels)


def test_a_study_and_its_mask_dropped_together(masks, scanned, dock, viewer, qtbot):
    labels, home, files = masks
    viewer.layers.clear()
    open_them(qtbot, dock, files[1], scanned[0])
    assert isinstance(viewer.layers[-1], Labels)
    assert info_in(viewer.layers[-1].metadata).dicom == home.dicom
    np.testing.assert_array_equal(from_lps(viewer.layers[-1].data, home.grid), labels)


def test_contours_without_their_study_are_a_sentence(masks, dock, viewer, qtbot, nifti):
    viewer.layers.clear()
    said = refusal_of(qtbot, dock, masks[2][1])
    assert "Open the study first" in said
    assert len(viewer.layers) == 0
    # beside something that can be opened the sentence comes after it, and stays
    open_them(qtbot, dock, masks[2][1], nifti)
    assert len(viewer.layers) == 3
    qtbot.waitUntil(lambda: "Open the study first" in dock.said, timeout=MS)


def test_a_mask_that_cannot_be_saved_is_a_sentence(masks, dock, viewer, qtbot, tmp_path):
    open_them(qtbot, dock, masks[2][0])
    dock.saver._ask_path = lambda *_: tmp_path / "mask.png"
    with qtbot.waitSignal(dock.saver.refused, timeout=MS):
        dock.saver.save(viewer.layers[-1], "as shown")
    assert "mask.png" in dock.said
