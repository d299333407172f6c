"""A mask in a single label, as a new layer of napari is painted, is measured with a word on it."""

# ruff: noqa: PLC0415
from __future__ import annotations

import csv
import json

import numpy as np
from qtpy.QtWidgets import QApplication, QLabel
from widgets.correct_case import WAIT, add_case, click

from napari_acs.review.measure.one_label import ONE_LABEL


def test_it_is_said_in_the_panel_and_in_the_file(viewer, qtbot, tmp_path):
    from napari_acs.widgets.correct_dock import CorrectDock

    mask = add_case(viewer, values=(1, 1, 1))
    dock = CorrectDock(viewer, ask=lambda _, name: tmp_path / name)
    with qtbot.waitSignal(dock.measuring.cost.costed, timeout=WAIT):
        viewer.window.add_dock_widget(dock, name="Correct")
    state = dock.panel.findChild(QLabel, "measure_state")
    assert not state.isHidden() and ONE_LABEL in state.text()
    click(dock, "json_measures")
    (file,) = tmp_path.glob("*.json")
    record = json.loads(file.read_text())
    assert record["labels_note"] == ONE_LABEL
    click(dock, "csv_measures")
    (file,) = tmp_path.glob("*.csv")
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert all(ONE_LABEL in row["notes"] and record["midline_note"] in row["notes"] for row in rows)
    assert {row["cost_against"] for row in rows} == {record["edit_cost_against"]}
    assert rows[0]["cost_against"] and rows[0]["dice"] == "1.0"
    click(dock, "copy_measures")
    assert QApplication.clipboard().text().endswith(ONE_LABEL)
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
        mask.data_setitem(tuple(np.argwhere(mask.data)[0]), 2)
    assert ONE_LABEL not in state.text()
