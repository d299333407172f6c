"""The table of measures: live, of the stored mask, and files that are written or not."""

from __future__ import annotations

import json

import numpy as np
from qtpy.QtWidgets import QApplication
from widgets.correct_case import GRID, WAIT, click, stored
from widgets.measured import column, erase_et, settled, text

from napari_acs.inference.messages import Failure
from napari_acs.review.measure.midline import Midline, doubt_of
from napari_acs.review.measure.plane import Plane
from napari_acs.review.measure.tumour import measure_tumour


def test_the_table_follows_the_edits_and_is_that_of_the_stored_mask(dock, mask, qtbot):
    def expected(region):
        found = measure_tumour(stored(mask), GRID).regions[region]
        axial = found.largest_axial
        return [
            f"{found.volume_ml:.2f}",
            f"{axial.diameter.length_mm:.1f}",
            f"{axial.perpendicular.length_mm:.1f}",
            f"{axial.product_mm2:.0f}",
            f"{found.largest_3d_diameter_mm:.1f}",
            str(len(found.lesions)),
        ]

    for region in ("WT", "TC", "ET"):
        assert column(dock, region)[:6] == expected(region)
    assert column(dock, "WT")[6] in {"left", "right", "crossing", "-"}
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
        mask.data_setitem(np.nonzero(mask.data == 3), 1)
    assert column(dock, "ET")[:6] == ["0.00", "-", "-", "-", "-", "0"]
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
        mask.undo()
    assert column(dock, "ET")[:6] == expected("ET")
    with qtbot.assertNotEmitted(dock.measuring.measured, wait=1200):
        dock.viewer.dims.set_point(0, mask.data_to_world((5, 5, 5))[0])


def test_what_cannot_be_measured_is_a_sentence(dock, mask, qtbot):
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT) as heard:
        mask.data_setitem((np.array([0]), np.array([0]), np.array([0])), 9)
    assert isinstance(heard.args[0], Failure)
    assert "not known" in text(dock, "measure_state")
    click(dock, "draw_diameters")
    assert "not measured yet" in dock.said
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
        mask.undo()
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
        mask.data_setitem(np.nonzero(mask.data == 3), 1)
    click(dock, "draw_diameters")
    assert "ET has no lesion" in dock.said
    dock.viewer.layers.remove(mask)
    click(dock, "draw_diameters")
    assert "no mask" in dock.said


def test_a_file_that_cannot_be_written_leaves_the_one_that_was_there(
    dock, mask, asked, monkeypatch
):
    click(dock, "csv_measures")
    (file,) = asked.iterdir()
    before = file.read_text()

    def full(self, text, *_, **__):
        self.write_bytes(text[:20].encode())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    click(dock, "csv_measures")
    assert "cannot be written" in dock.said and "no space left" in dock.said
    monkeypatch.undo()
    assert file.read_text() == before
    assert list(asked.iterdir()) == [file]


def test_a_doubtful_midline_is_said_and_stays_so_after_an_edit(
    dock, mask, qtbot, asked, monkeypatch
):
    """The plane is kept for the next measures; so is the doubt."""
    found = Midline(Plane((0, 0, 0), (1, 0, 0)), 0.5, 0.7)
    monkeypatch.setattr("napari_acs.viewer.measuring.estimate_midline", lambda _: found)
    dock.measuring._midlines.clear()
    for change in (lambda: erase_et(mask), mask.undo):
        with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
            change()
        assert dock.measuring.last.measures.midline_plane == found.plane
        assert doubt_of(found) in text(dock, "measure_state")
    settled(dock, qtbot)
    click(dock, "json_measures")
    assert json.loads((asked / "measures.json").read_text())["midline_note"] == doubt_of(found)
    click(dock, "copy_measures")
    assert doubt_of(found) in QApplication.clipboard().text()
