"""Diameters in the viewer: drawn, edited by hand, copied and exported."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication, QComboBox
from widgets.correct_case import GRID, WAIT, click, labels
from widgets.measured import erase_et, settled, text

from napari_acs.review.measure.tumour import measure_tumour


def test_diameters_are_drawn_edited_by_hand_and_exported(dock, mask, qtbot, asked):
    dock.panel.findChild(QComboBox, "diameter_region").setCurrentText("TC")
    click(dock, "draw_diameters")
    lines = dock.viewer.layers["diameters"]
    assert dock.viewer.layers.selection.active is mask
    found = measure_tumour(labels(), GRID).regions["TC"].largest_axial
    world = [np.array([lines.data_to_world(end) for end in line]) for line in lines.data]
    lengths = [np.linalg.norm(np.subtract(*ends)) for ends in world]
    assert lengths == pytest.approx([found.diameter.length_mm, found.perpendicular.length_mm])
    here = mask.world_to_data(dock.viewer.dims.point)
    assert round(here[0]) == round(lines.data[0][0][0]), "the slice with the lines is shown"
    assert text(dock, "by_hand") == ""

    moved = [np.array(line) for line in lines.data]
    moved[0][0, 2] += 3
    lines.data = moved
    ends = [np.array([lines.data_to_world(end) for end in line]) for line in moved]
    long, short = sorted((np.linalg.norm(np.subtract(*e)) for e in ends), reverse=True)
    said = text(dock, "by_hand")
    assert f"TC, edited by hand: {long:.1f} x {short:.1f} mm, product {long * short:.0f}" in said

    click(dock, "copy_measures")
    board = QApplication.clipboard().text()
    assert said in board and board.splitlines()[0].split("\t")[1:] == ["WT", "TC", "ET"]
    click(dock, "json_measures")
    click(dock, "csv_measures")
    record = json.loads((asked / "measures.json").read_text())
    assert record["diameters_by_hand"]["diameter_mm"] == pytest.approx(long)
    assert record["measures"]["regions"]["TC"]["volume_ml"] == pytest.approx(
        np.isin(labels(), (1, 3)).sum() * GRID.voxel_ml
    )
    rows = list(csv.DictReader((asked / "measures.csv").read_text().splitlines()))
    assert [row["region"] for row in rows] == ["WT", "TC", "ET"]
    assert float(rows[1]["hand_product_mm2"]) == pytest.approx(long * short, abs=0.01)
    angle = record["diameters_by_hand"]["angle_deg"]
    assert float(rows[1]["hand_angle_deg"]) == pytest.approx(angle, abs=0.1)
    assert rows[0]["hand_product_mm2"] == ""
    for file in asked.iterdir():
        assert "Mustermann" not in file.read_text()
    assert record["study"].startswith("study-") and rows[0]["study"] == record["study"]

    click(dock, "draw_diameters")
    assert text(dock, "by_hand") == "", "drawn anew"
    assert [layer.name for layer in dock.viewer.layers].count("diameters") == 1
    dock.viewer.layers["diameters"].data = []
    assert "cannot be read" in text(dock, "by_hand")


def test_lines_stay_when_the_mask_is_edited_and_say_that_they_are_older(dock, mask, qtbot, asked):
    click(dock, "draw_diameters")
    lines = dock.viewer.layers["diameters"]
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
        erase_et(mask)
    assert lines in dock.viewer.layers and "mask before it was edited" in text(dock, "by_hand")
    moved = [np.array(line) for line in lines.data]
    moved[0][0, 2] += 3
    lines.data = moved
    assert "edited by hand" in text(dock, "by_hand")
    assert "mask before it was edited" in text(dock, "by_hand")
    settled(dock, qtbot)
    click(dock, "json_measures")
    click(dock, "csv_measures")
    record = json.loads((asked / "measures.json").read_text())
    rows = list(csv.DictReader((asked / "measures.csv").read_text().splitlines()))
    for note in (record["diameters_by_hand"]["note"], rows[2]["hand_note"]):
        assert "mask before it was edited" in note
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
        mask.undo()
    assert "edited by hand" in text(dock, "by_hand") and "before it" not in text(dock, "by_hand")
