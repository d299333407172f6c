"""Measures in the Correct panel: live, drawn, edited by hand, copied and exported."""

# ruff: noqa: PLC0415
from __future__ import annotations

import csv
import json
from dataclasses import replace
from threading import Event
from time import monotonic, sleep

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication, QComboBox, QLabel, QTableWidget
from widgets.correct_case import GRID, WAIT, add_case, click, labels, stored

from napari_acs.imaging.cancel import stop_if
from napari_acs.inference.messages import Failure
from napari_acs.review.edits.cost import edit_costs
from napari_acs.review.measure.tumour import measure_tumour
from napari_acs.viewer.active_time import note_active
from napari_acs.widgets import measure_cost, measures


@pytest.fixture
def asked(tmp_path):
    return tmp_path


@pytest.fixture
def dock(viewer, qtbot, asked):
    from napari_acs.widgets.correct_dock import CorrectDock

    add_case(viewer)
    dock = CorrectDock(viewer, ask=lambda _, name: asked / name)
    with qtbot.waitSignal(dock.measuring.cost.costed, timeout=WAIT):
        viewer.window.add_dock_widget(dock, name="Correct")
    return dock


@pytest.fixture
def mask(dock):
    return dock.target.layer


def column(dock, region: str) -> list[str]:
    table = dock.panel.findChild(QTableWidget, "measures")
    names = [table.horizontalHeaderItem(i).text() for i in range(table.columnCount())]
    return [table.item(row, names.index(region)).text() for row in range(table.rowCount())]


def text(dock, name: str) -> str:
    return dock.panel.findChild(QLabel, name).text()


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


def costed(dock, qtbot):
    return qtbot.waitSignal(dock.measuring.cost.costed, timeout=WAIT)


def settled(dock, qtbot):
    """Wait until the mask as it is now is measured, and what it cost is known."""
    cost = dock.measuring.cost
    qtbot.waitUntil(
        lambda: cost.found is not None and np.array_equal(cost.found.labels, mask_of(dock).data),
        timeout=WAIT,
    )


def mask_of(dock):
    return dock.target.layer


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


def erase_et(mask):
    mask.data_setitem(np.nonzero(mask.data == 3), 1)


@pytest.fixture
def gate(monkeypatch):
    """Hold what a worker calls back until it is let go."""

    def held(name):
        started, go = Event(), Event()
        module = measure_cost if name == "cost_of" else measures
        work = getattr(module, name)

        def slow(request, *args):
            if name == "measure":
                request = replace(request, mask=request.mask.copied())
            started.set()
            assert go.wait(20)
            return work(request, *args)

        monkeypatch.setattr(module, name, slow)
        return started, go

    return held


def test_measures_of_what_the_mask_was_for_a_moment_are_never_shown(dock, mask, qtbot, gate):
    before = column(dock, "ET")
    started, go = gate("measure")
    erase_et(mask)
    qtbot.waitUntil(started.is_set, timeout=WAIT)
    heard = []
    dock.measuring.measured.connect(heard.append)
    mask.undo()
    qtbot.wait(800)  # until the undo has settled
    go.set()
    qtbot.wait(1500)
    assert not heard and column(dock, "ET") == before
    click(dock, "copy_measures")
    assert "on the clipboard" in dock.said


def test_it_is_said_while_the_table_is_of_an_earlier_mask(dock, mask, qtbot, gate):
    said = text(dock, "measure_state")
    _, go = gate("measure")
    erase_et(mask)
    earlier = f"{measures.LATE} {measures.EARLIER}"
    qtbot.waitUntil(lambda: text(dock, "measure_state") == earlier, timeout=WAIT)
    mask.undo()  # what the table shows is of the mask again
    qtbot.waitUntil(lambda: text(dock, "measure_state") == said, timeout=WAIT)
    erase_et(mask)
    qtbot.waitUntil(lambda: text(dock, "measure_state") == earlier, timeout=WAIT)
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
        go.set()
    assert text(dock, "measure_state") == said
    qtbot.wait(2500)
    assert text(dock, "measure_state") == said


def test_measures_of_a_flood_that_was_taken_back_are_not_waited_for(dock, mask, qtbot, monkeypatch):
    started, stopped, work = Event(), Event(), measures.measure

    def endless(request, stop):  # as of a mask that runs all through a head
        monkeypatch.setattr(measures, "measure", work)
        started.set()
        end = monotonic() + 20
        while not stop() and monotonic() < end:
            sleep(0.01)
        stopped.set() if stop() else None
        stop_if(stop)
        return work(request, stop)

    monkeypatch.setattr(measures, "measure", endless)
    mask.data_setitem(np.nonzero(mask.data == 0), 2)
    qtbot.waitUntil(started.is_set, timeout=WAIT)
    with qtbot.waitSignal(dock.measuring.measured, timeout=WAIT):
        erase_et(mask)
    assert stopped.is_set()
    assert column(dock, "ET")[0] == "0.00"


def test_right_after_an_edit_nothing_is_drawn_copied_or_written(dock, mask, qtbot, asked):
    erase_et(mask)
    for name in ("json_measures", "csv_measures", "copy_measures", "draw_diameters"):
        dock.panel.message.clear()
        click(dock, name)
        assert "not measured yet" in dock.said, name
    assert not list(asked.iterdir()) and "diameters" not in dock.viewer.layers
    qtbot.waitUntil(lambda: column(dock, "ET")[0] == "0.00", timeout=WAIT)
    settled(dock, qtbot)
    click(dock, "json_measures")
    record = json.loads((asked / "measures.json").read_text())
    assert record["measures"]["regions"]["ET"]["volume_ml"] == 0


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
