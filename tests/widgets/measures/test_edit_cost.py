"""What a correction cost, beside the measures."""

# ruff: noqa: PLC0415
from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from widgets.correct_case import GRID, WAIT, click, labels, stored
from widgets.measured import costed, erase_et, settled, text

from napari_acs.review.edits.cost import edit_costs
from napari_acs.viewer.active_time import note_active


def test_what_a_correction_cost_is_shown_by_itself(dock, mask, qtbot):
    assert text(dock, "cost") == "Unchanged from the mask as this panel first saw it."
    ring = np.nonzero(mask.data == 3)
    with costed(dock, qtbot):
        mask.data_setitem(tuple(axis[: len(axis) // 2] for axis in ring), 1)
    said = text(dock, "cost")
    costs = edit_costs(labels(), stored(mask), GRID)
    for name, cost in costs.items():
        assert f"{name}: Dice {cost.dice:.3f}, HD95 {cost.hd95_mm:.1f} mm" in said
        assert f"surface Dice {cost.surface_dice:.3f} at 1 mm" in said
        assert f"added path {cost.added_path_length_mm:.0f} mm" in said
        assert f"volume {cost.volume_change_ml:+.2f} ml" in said
    assert said.startswith("Against the mask as this panel first saw it:")
    assert "Active time" not in said, "no session counts it"
    with costed(dock, qtbot):
        mask.undo()
    assert text(dock, "cost").startswith("Unchanged")


def test_the_cost_has_the_active_minutes_where_a_session_knows_them(dock, mask, qtbot, asked):
    note_active(mask, 210.0)
    with costed(dock, qtbot):
        erase_et(mask)
    assert text(dock, "cost").endswith("Active time: 3.5 min.")
    note_active(mask, 258.0)
    mask.refresh()  # as a step to another slice does
    qtbot.waitUntil(lambda: "Active time: 4.3 min." in text(dock, "cost"), timeout=WAIT)
    click(dock, "json_measures")
    click(dock, "csv_measures")
    record = json.loads((asked / "measures.json").read_text())
    rows = list(csv.DictReader((asked / "measures.csv").read_text().splitlines()))
    assert record["active_minutes"] == pytest.approx(4.3)
    assert {row["active_minutes"] for row in rows} == {"4.3"}
    assert record["edit_cost_against"] == "the mask as this panel first saw it"
    dock.viewer.layers.selection = {mask}
    before = set(dock.viewer.layers)
    from napari.layers import Layer

    copy = Layer.create(*mask.as_layer_data_tuple())  # as napari's "Duplicate layer"
    dock.viewer.add_layer(copy)
    assert set(dock.viewer.layers) - before == {copy}
    dock.target.choose(copy)
    settled(dock, qtbot)
    assert "Active time" not in text(dock, "cost"), "the session counts the other"


def test_a_mask_is_held_against_another_prediction_as_soon_as_it_has_it(dock, mask, qtbot):
    """As after a promotion in a review, without an edit."""
    from napari_acs.viewer.info import KEY, info_in

    other = np.where(labels() == 3, 1, labels()).astype(np.uint8)
    info = replace(info_in(mask.metadata), prediction=other, maker="reader")
    with costed(dock, qtbot):
        mask.metadata = {**mask.metadata, KEY: info}
    said = text(dock, "cost")
    assert said.startswith("Against the mask that it was begun from:") and "ET: Dice 0.000" in said


def test_the_cost_of_an_earlier_mask_is_neither_shown_nor_written(dock, mask, qtbot, gate, asked):
    started, go = gate("cost_of")
    heard = []
    dock.measuring.cost.costed.connect(heard.append)
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
        erase_et(mask)
    qtbot.waitUntil(started.is_set, timeout=WAIT)
    assert text(dock, "cost") == ""
    click(dock, "json_measures")
    assert "edit cost is not worked out yet" in dock.said and not list(asked.iterdir())
    mask.data_setitem(np.nonzero(mask.data == 1), 2)
    go.set()
    settled(dock, qtbot)
    expected = {name: c.dice for name, c in edit_costs(labels(), stored(mask), GRID).items()}
    assert [{name: c.dice for name, c in each.items()} for each in heard] == [expected]
    assert "TC: Dice 0.000" in text(dock, "cost")
    mask.undo()
    qtbot.waitUntil(lambda: text(dock, "cost") == "", timeout=WAIT)
    settled(dock, qtbot)
    click(dock, "json_measures")
    record = json.loads((asked / "measures.json").read_text())
    assert 0 < record["edit_cost"]["TC"]["dice"] == pytest.approx(1), "of the ET alone"
    assert record["edit_cost"]["ET"]["dice"] == 0


def test_the_cost_goes_as_soon_as_the_mask_is_another(dock, mask, qtbot, gate):
    assert text(dock, "cost")
    started, go = gate("measure")
    erase_et(mask)
    qtbot.waitUntil(started.is_set, timeout=WAIT)
    assert text(dock, "cost") == ""
    go.set()
    settled(dock, qtbot)
