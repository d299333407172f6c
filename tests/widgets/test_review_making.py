"""Making a session in the panel can be cancelled, and leaves nothing behind then."""

# ruff: noqa: PLC0415
from __future__ import annotations

from threading import Event

from qtpy.QtWidgets import QPushButton
from widgets.review_hands import WAIT, click
from widgets.review_studies import write_studies


def test_cancel_stops_it_says_so_and_leaves_nothing(new_dock, qtbot, tmp_path, monkeypatch):
    from napari_acs.review.session import create, place

    reached, go = Event(), Event()
    monkeypatch.setattr(place, "put_in_place", _never_called)
    append = create.Log.append

    def written(log, *drafts):  # a draft of the file lies there by now
        append(log, *drafts)
        reached.set()
        assert go.wait(WAIT / 1000)

    monkeypatch.setattr(create.Log, "append", written)
    studies = tmp_path / "studies"
    dock = new_dock()
    start = dock.panel.start
    click(dock, "new")
    start.studies.setText(str(write_studies(studies)))
    start.rater.setText("bob")
    target = tmp_path / "out" / "new.review"
    target.parent.mkdir()
    start.file.setText(str(target))
    stop = dock.panel.findChild(QPushButton, "cancel")
    assert stop.isHidden()
    click(dock, "create")
    qtbot.waitUntil(reached.is_set, timeout=WAIT)
    assert list(target.parent.iterdir()) and not stop.isHidden()
    assert not dock.panel.findChild(QPushButton, "create").isEnabled()
    click(dock, "cancel")
    with qtbot.waitSignal(dock.told, timeout=WAIT) as heard:
        go.set()
    assert heard.args == ["Cancelled. Nothing was written."]
    assert not list(target.parent.iterdir())
    assert stop.isHidden() and dock.cases.now is None

    monkeypatch.undo()  # and the next one is made
    with qtbot.waitSignal(dock.begun, timeout=WAIT):
        click(dock, "create")
    assert target.is_file() and stop.isHidden()


def _never_called(*_args):
    raise AssertionError("a cancelled session took its place")
