"""Between an edit and its measures nothing of an earlier mask passes for those of this one."""

from __future__ import annotations

import json
from threading import Event
from time import monotonic, sleep

import numpy as np
from widgets.correct_case import WAIT, click
from widgets.measured import column, erase_et, settled, text

from napari_acs.imaging.cancel import stop_if
from napari_acs.widgets import measures


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
