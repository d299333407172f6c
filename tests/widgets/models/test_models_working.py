"""The Models dock while it works, and where the work fails."""

from __future__ import annotations

import pytest
from widgets.models.hands import MS, change, choose, click, drop, enabled, fact, shown

from napari_acs.errors import BadInput


def test_weights_are_checked_in_the_background_and_named_where_they_differ(models, store, qtbot):
    store.check.clear()
    store.wrong = {"mine": "mine has another sha256."}
    with qtbot.waitSignal(models.listed, timeout=MS):
        models.refresh()
    assert [row[2] for row in shown(models)] == ["checking ..."] * 3 + [""]
    assert "being checked" in fact(models, "weights")
    with qtbot.waitSignal(models.verified, timeout=MS):
        store.check.set()
    assert [row[2] for row in shown(models)] == ["verified", "NOT verified", "verified", ""]
    choose(models, "Mine")
    assert fact(models, "weights") == "mine has another sha256."


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (BadInput("the disk is full", do="Make room"), "the disk is full. Make room."),
        (ZeroDivisionError("oh"), "ZeroDivisionError: oh"),
    ],
)
def test_a_refusal_and_a_fault_are_sentences_and_the_panel_works_on(
    models, store, qtbot, fault, said
):
    store.fault = fault
    choose(models, "Mine")
    click(qtbot, models, "set_default")
    qtbot.waitUntil(lambda: said in models.said, timeout=MS)
    assert shown(models)[0][1] == "default"
    store.fault = None
    change(qtbot, models, lambda: click(qtbot, models, "set_default"))
    assert shown(models)[1][1] == "default"


def test_nothing_is_changed_twice_at_once(models, store, qtbot):
    store.go.clear()
    drop(models, "/home/first")
    assert models.said == "Adding first ..."
    assert enabled(models) == ["open_card"]
    drop(models, "/home/second")
    assert "Wait" in models.said
    change(qtbot, models, store.go.set)
    names = [row[0] for row in shown(models)]
    assert "first" in names and "second" not in names
    assert "add_file" in enabled(models)


def test_the_panel_may_be_closed_while_work_goes_on(models, viewer, store, qtbot):
    store.check.clear()
    with qtbot.waitSignal(models.listed, timeout=MS):
        models.refresh()
    before = len(store.hashed)
    store.go.clear()
    drop(models, "/home/late")
    with qtbot.waitSignal(models.destroyed, timeout=MS):
        viewer.window.remove_dock_widget(models)
        models.deleteLater()
    store.check.set()
    store.go.set()
    qtbot.waitUntil(lambda: any(row.id == "late" for row in store.rows), timeout=MS)
    qtbot.wait(200)  # what a late answer would do, it does in here; pytest-qt fails on exceptions
    assert len(store.hashed) <= before + 1, "the weights were hashed for a panel that is gone"
