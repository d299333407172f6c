"""The Review panel, clicked: forms, decisions, masks of others, whole sessions."""

# ruff: noqa: PLC0415
from __future__ import annotations

from pathlib import Path

import numpy as np
from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton
from widgets.review_hands import (
    WAIT,
    add_segmentation,
    click,
    close,
    decide,
    kept,
    mask,
    open_session,
    paint,
    saving,
    settle,
    step,
)
from widgets.review_studies import FORM, GRIDS, labels_on, make, write_studies

from napari_acs.imaging import write_labels
from napari_acs.review.session.session import read_session
from napari_acs.viewer.review_files import make_session
from napari_acs.viewer.review_order import ScreenOrder
from napari_acs.widgets.message_box import _EDGE


def test_refusals_are_sentences(new_dock, qtbot, session, tmp_path):
    dock, second = new_dock(), new_dock()
    open_session(dock, qtbot, session)

    def said(path: Path) -> str:
        with qtbot.waitSignal(second.told, timeout=WAIT) as heard:
            second.panel.start.open.emit(path)
        return heard.args[0]

    assert "is open already" in said(session)
    assert "no such file" in said(tmp_path / "none.review")
    (tmp_path / "text.review").write_text("no database at all, but long enough" * 100)
    assert "no database" in said(tmp_path / "text.review")
    close(dock, qtbot)
    import sqlite3

    newer = tmp_path / "newer.review"
    newer.write_bytes(session.read_bytes())
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "newer" in said(newer)
    assert second.cases.now is None


def test_form_note_and_decisions(new_dock, qtbot, tmp_path):
    path = make(tmp_path / "studies", FORM)
    dock = new_dock()
    open_session(dock, qtbot, path)
    find = dock.panel.findChild
    decide(dock, qtbot, "accept")
    assert "quality is not answered" in dock.said
    number = find(QLineEdit, "form_longest")
    number.setText("300")
    number.editingFinished.emit()
    settle(dock, qtbot)
    assert "from 0 to 250 mm" in dock.said
    number.setText("many")
    decide(dock, qtbot, "accept")
    assert "a number" in dock.said
    number.setText("41,5")
    find(QComboBox, "form_quality").setCurrentIndex(2)
    find(QComboBox, "form_again").setCurrentIndex(2)
    dock.panel.decide.note.setPlainText("small")
    decide(dock, qtbot, "reject")
    item = read_session(path).items[1]
    assert item.status == "rejected" and item.note == "small"
    assert item.answers == {"quality": "poor", "longest": 41.5, "again": False}
    step(dock, qtbot)
    assert number.text() == "" and dock.panel.decide.note.toPlainText() == ""
    step(dock, qtbot, "previous")
    assert find(QLineEdit, "form_longest").text() == "41.5"
    assert find(QComboBox, "form_again").currentText() == "no"
    find(QComboBox, "status").setCurrentText("rejected")
    assert [row.item for row in dock.panel.table.shown] == [1]
    find(QComboBox, "status").setCurrentText("all")
    header = dock.panel.table.table.horizontalHeader()
    header.sectionClicked.emit(3)
    header.sectionClicked.emit(3)
    volumes = [row.volume_ml for row in dock.panel.table.shown if row.volume_ml is not None]
    assert volumes == sorted(volumes, reverse=True)


def test_masks_of_others_are_hidden_until_the_first_read_is_decided(new_dock, qtbot, tmp_path):
    path = make(tmp_path / "studies", ai="after")
    dock = new_dock()
    open_session(dock, qtbot, path)
    assert not mask(dock).data.any()
    hidden = dock.panel.findChild(QPushButton, "reveal")
    assert hidden.isHidden() and dock.panel.findChild(QPushButton, "look").parent().isHidden()
    paint(dock, qtbot, (5, 5, 5))
    decide(dock, qtbot, "accept")
    click(dock, "reveal")
    settle(dock, qtbot)
    assert dock.panel.decide.others.count() == 1, dock.said
    assert hidden.isHidden()
    click(dock, "look")
    qtbot.waitUntil(lambda: any("to look at" in one.name for one in dock.viewer.layers))
    own = np.array(mask(dock).data)
    dock._confirm = lambda *_: False
    click(dock, "replace")
    settle(dock, qtbot)
    assert np.array_equal(mask(dock).data, own)
    dock._confirm = lambda *_: True
    with saving(dock, qtbot):
        click(dock, "replace")
    assert np.array_equal(kept(path, 1), labels_on(GRIDS[0]))
    assert np.array_equal(mask(dock).data, ScreenOrder(GRIDS[0]).on_screen(labels_on(GRIDS[0])))
    with saving(dock, qtbot):
        click(dock, "undo")
    assert np.array_equal(mask(dock).data, own)
    item = read_session(path).items[1]
    assert item.unaided is not None and item.unaided.status == "accepted"


def test_what_is_remarked_of_a_mask_that_is_shown_now_is_no_refusal(new_dock, qtbot, tmp_path):
    table = write_studies(tmp_path / "studies")
    file = tmp_path / "studies" / "one" / "one_seg.nii.gz"
    labels = labels_on(GRIDS[0])
    file.unlink()
    write_labels(file, np.where(labels == 3, np.uint8(4), labels), GRIDS[0])
    dock = new_dock()
    open_session(dock, qtbot, make_session([table], "ann", tmp_path / "a.review", ai="after"))
    decide(dock, qtbot, "accept")
    click(dock, "reveal")
    settle(dock, qtbot)
    assert dock.said.startswith("Value 4 was taken for enhancing tumour")
    assert _EDGE["note"] in dock.panel.message.styleSheet()


def test_a_hidden_session_offers_no_segmentation(new_dock, qtbot, tmp_path):
    path = make(tmp_path / "studies", ai="hidden")
    dock = new_dock()
    open_session(dock, qtbot, path)
    add_segmentation(dock)
    assert dock.panel.findChild(QPushButton, "take").isHidden()
    assert not mask(dock).data.any()
    decide(dock, qtbot, "accept")
    assert dock.panel.findChild(QPushButton, "reveal").isHidden()


def test_a_segmentation_is_taken_and_bulk_acceptance_is_audited(new_dock, qtbot, session, tmp_path):
    dock = new_dock()
    open_session(dock, qtbot, session)
    found = add_segmentation(dock)
    button = dock.panel.findChild(QPushButton, "take")
    assert button.text() == "Take the segmentation of m-1"
    click(dock, "take")
    settle(dock, qtbot)
    state = dock.cases.now.state
    taken = state.masks[state.items[1].masks[-1]]
    assert (taken.origin, taken.title, taken.uncertainty) == ("machine", "m-1", 0.25)
    assert dock.panel.decide.others.currentData() == taken.id
    with saving(dock, qtbot):
        click(dock, "replace")
    assert np.array_equal(kept(session, 1), found)
    step(dock, qtbot)
    add_segmentation(dock)
    click(dock, "take")
    settle(dock, qtbot)
    bulk = dock.panel.findChild(QPushButton, "bulk")
    assert not bulk.isEnabled(), "none is that sure"
    dock.panel.whole.most.setValue(0.3)
    assert bulk.text().startswith("Accept 1 ")
    click(dock, "bulk")
    settle(dock, qtbot)
    assert dock.cases.now.state.items[2].decided.bulk == "uncertainty at most 0.3"
    assert dock.said.startswith("1 case(s) are accepted without a look (uncertainty at most 0.3).")
    click(dock, "audit")
    settle(dock, qtbot)
    assert dock.cases.now.state.items[2].audited
    assert dock.said.startswith("1 case(s) are to be read again")
    decide(dock, qtbot, "reject")
    assert "1 wrong: 100.0%" in dock.panel.findChild(QLabel, "audited").text()
    decide(dock, qtbot, "correct")

    at_work = []
    dock.files.begun.connect(lambda _: at_work.append(dock.said))
    for name, said in (("verify", "as they were written"), ("export", "3 reads")):
        with qtbot.waitSignal(dock.told, timeout=WAIT) as heard:
            click(dock, name)
        assert said in heard.args[0]
    table = (tmp_path / "reads.csv").read_text()
    assert "one" not in table and len(table.splitlines()) == 4
    with qtbot.waitSignal(dock.told, timeout=WAIT) as heard:
        click(dock, "training")
    assert "1 cases" in heard.args[0], heard.args
    assert [said.split()[0] for said in at_work] == ["Verifying", "Writing", "Writing"]
    close(dock, qtbot)
    assert dock.said == "" and dock.panel.saved.text() == "", "of a session that is closed"


def test_a_new_session_is_made_in_the_panel(new_dock, qtbot, tmp_path):
    table = write_studies(tmp_path / "studies")
    dock = new_dock()
    start, find = dock.panel.start, dock.panel.findChild

    def refusal() -> str:
        with qtbot.waitSignal(dock.told, timeout=WAIT) as heard:
            find(QPushButton, "create").click()
        return heard.args[0]

    find(QPushButton, "new").click()
    assert "which studies" in refusal()
    start.studies.setText(str(table))
    assert "where the session goes" in refusal()
    start.file.setText(str(tmp_path / "new.review"))
    assert "no name" in refusal()
    start.rater.setText("bob")
    (tmp_path / "bad.yaml").write_text("fields: [{name: a, type: colour}]")
    start.form.setText(str(tmp_path / "bad.yaml"))
    assert "describes no form" in refusal()
    start.form.clear()
    with qtbot.waitSignal(dock.begun, timeout=WAIT):
        find(QPushButton, "create").click()
    assert dock.cases.now.state.rater == "bob"
    assert len(dock.panel.table.shown) == 3


def test_a_closed_mask_layer_and_missing_files_are_said(new_dock, qtbot, session):
    dock = new_dock()
    open_session(dock, qtbot, session)
    paint(dock, qtbot, (5, 5, 5))
    painted = np.array(mask(dock).data)
    dock.viewer.layers.remove(mask(dock))
    qtbot.waitUntil(lambda: "It is saved" in dock.said, timeout=WAIT)
    with qtbot.waitSignal(dock.begun, timeout=WAIT):
        dock.panel.table.opened.emit(1)
    assert np.array_equal(mask(dock).data, painted)
    qtbot.waitUntil(lambda: dock.cases.reader.ahead == 2, timeout=WAIT)
    dock.cases.reader.forget()  # else the case lies ready
    for file in (session.parent / "two").iterdir():
        file.unlink()
    (session.parent / "two").rmdir()
    with qtbot.waitSignal(dock.told, timeout=WAIT) as heard:
        click(dock, "next")
    assert "are not there" in heard.args[0]


def test_a_repeat_looks_like_any_other_case(new_dock, qtbot, tmp_path):
    path = make(tmp_path / "studies", repeats=1.0, ai="hidden")
    dock = new_dock()
    open_session(dock, qtbot, path)
    state = dock.cases.now.state
    names = [row.case for row in dock.panel.table.shown]
    assert len({*names}) == 6 and len({*map(len, names)}) == 1
    assert {*state.cases} < {*names}
    for item in state.items.values():
        if dock.cases.item != item.number:
            with qtbot.waitSignal(dock.complete, timeout=WAIT):
                dock.panel.table.opened.emit(item.number)
        name, *others = sorted(names, key=lambda name: name != names[item.number - 1])
        shown = [dock.panel.decide.title.text(), *(layer.name for layer in dock.viewer.layers)]
        assert all(name in each for each in shown)
        assert not any(other in each for each in shown for other in others)
        assert shown[0] == f"{name} ({item.number} of 6): to do"
    close(dock, qtbot)
    assert sorted(item.case for item in read_session(path).items.values()) == sorted(
        [*state.cases] * 2
    ), "the file pairs them"
