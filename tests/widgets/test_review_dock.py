"""The Review panel, clicked, on three made-up studies."""

# ruff: noqa: PLC0415
from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton
from widgets.review_studies import FORM, GRIDS, labels_on, make, write_studies

from napari_acs.review.session.database import reading
from napari_acs.review.session.lock import lock_file
from napari_acs.review.session.replay import mask_at
from napari_acs.review.session.session import read_session
from napari_acs.review.session.verify import verify
from napari_acs.viewer.classification_layer import keep_classification
from napari_acs.viewer.review_order import ScreenOrder

WAIT = 30_000


@pytest.fixture
def session(tmp_path) -> Path:
    return make(tmp_path / "studies")


@pytest.fixture
def new_dock(make_napari_viewer, qtbot, tmp_path):
    from napari_acs.widgets.review_dock import ReviewDock

    def new_dock(viewer=None, **named) -> ReviewDock:
        viewer = viewer or make_napari_viewer()
        named = {"confirm": lambda *_: True, "ask": lambda _w, _t, n: tmp_path / n, **named}
        dock = ReviewDock(viewer, **named)
        viewer.window.add_dock_widget(dock, name="Review")
        return dock

    return new_dock


def open_session(dock, qtbot, path) -> None:
    with qtbot.waitSignal(dock.begun, timeout=WAIT):
        dock.panel.start.open.emit(path)


def click(dock, name: str) -> None:
    button = dock.panel.findChild(QPushButton, name)
    assert not button.isHidden() and button.isEnabled(), f"{name}: {dock.said}"
    button.click()


def step(dock, qtbot, name: str = "next") -> int:
    with qtbot.waitSignal(dock.begun, timeout=WAIT) as heard:
        click(dock, name)
    return heard.args[0]


@contextmanager
def saving(dock, qtbot):
    with qtbot.waitSignal(dock.saved, timeout=WAIT, check_params_cb=lambda saved: saved.changed):
        yield


def settle(dock, qtbot) -> None:
    """Wait until the session's thread has done and said all that it was asked."""
    done = []
    dock.cases.keeper.ask(lambda: None, done=done.append)
    qtbot.waitUntil(lambda: bool(done), timeout=WAIT)


def decide(dock, qtbot, name: str) -> None:
    click(dock, name)
    settle(dock, qtbot)


def close(dock, qtbot) -> None:
    dock.close_session()
    settle(dock, qtbot)


def mask(dock):
    return dock.cases.screen.mask


def paint(dock, qtbot, at, label: int = 3) -> None:
    with saving(dock, qtbot):
        layer = mask(dock)
        layer.n_edit_dimensions, layer.brush_size = 3, 3
        layer.paint(at, label)


def kept(path: Path, item: int) -> np.ndarray:
    """Return the mask of the reader's of an item, as the file has it, on its true grid."""
    with reading(path) as connection:
        state = read_session(path)
        own = [m for m in state.items[item].masks if state.masks[m].origin == "human"]
        return mask_at(connection, state.masks[own[-1]])


def test_edit_next_decide_close_and_reopen_where_it_was_left(new_dock, qtbot, session):
    dock = new_dock()
    open_session(dock, qtbot, session)
    layer = mask(dock)
    order = ScreenOrder(GRIDS[0])
    assert np.array_equal(layer.data, order.on_screen(labels_on(GRIDS[0]))), "the given mask"
    names = [one.name for one in dock.viewer.layers]
    assert len(names) == 3 and not any("one" in name for name in names), "pseudonyms alone"
    paint(dock, qtbot, (5, 5, 5))
    assert "saved" in dock.panel.findChild(QLabel, "saved").text()
    first = np.array(layer.data)
    assert np.array_equal(kept(session, 1), order.off_screen(first))
    decide(dock, qtbot, "correct")

    assert step(dock, qtbot) == 2
    assert not mask(dock).data.any(), "no mask came with it"
    assert {one.name.split()[0] for one in dock.viewer.layers} == {"T1", "FLAIR", "My"}
    paint(dock, qtbot, (4, 4, 4), 1)
    assert step(dock, qtbot) == 3
    (only,) = dock.viewer.layers
    assert np.array_equal(only.data, ScreenOrder(GRIDS[2]).on_screen(labels_on(GRIDS[2])))
    dock.viewer.dims.point = only.data_to_world((6, 2, 9))
    paint(dock, qtbot, (6, 6, 6), 2)
    third, number = np.array(only.data), dock.cases.now.state.items[3].masks[-1]
    assert dock.panel.table.beside(1) is None
    close(dock, qtbot)
    assert not dock.viewer.layers

    other = new_dock()
    open_session(other, qtbot, session)
    assert other.cases.item == 3
    assert other.cases.screen.at == (6, 2, 9)
    assert np.array_equal(mask(other).data, third)
    assert other.cases.now.state.position.mask == number
    statuses = [row.status for row in other.panel.table.shown]
    assert statuses == ["corrected", "in progress", "in progress"]
    step(other, qtbot, "previous")
    assert step(other, qtbot, "previous") == 1
    assert np.array_equal(mask(other).data, first)
    close(other, qtbot)
    assert verify(session).sound


def test_every_way_of_editing_comes_to_the_file_and_undo_goes_with_the_layer(
    new_dock, qtbot, session
):
    dock = new_dock()
    open_session(dock, qtbot, session)
    order, layer = ScreenOrder(GRIDS[0]), mask(dock)

    def steps() -> int:
        return read_session(session).masks[dock.cases.now.state.position.mask].steps

    def check(count: int) -> None:
        assert np.array_equal(kept(session, 1), order.off_screen(np.asarray(layer.data)))
        assert steps() == count

    before = np.array(layer.data)
    paint(dock, qtbot, (5, 5, 5))
    with saving(dock, qtbot):
        layer.fill((0, 0, 0), 2)
    with saving(dock, qtbot):
        layer.data_setitem((np.array([1, 2]), np.array([3, 3]), np.array([1, 2])), 1)
    check(3)
    with saving(dock, qtbot):
        layer.undo()
    check(2)
    with saving(dock, qtbot):
        layer.redo()
    check(3)
    with saving(dock, qtbot):
        layer.data = before.copy()
    check(4)
    for count in (3, 2, 1, 0):
        with saving(dock, qtbot):
            click(dock, "undo")
        settle(dock, qtbot)
        qtbot.wait(300)  # what the step did to the layer is found to be saved already
        check(count)
    assert np.array_equal(layer.data, before)
    assert not dock.panel.findChild(QPushButton, "undo").isEnabled()
    with saving(dock, qtbot):
        click(dock, "redo")
    check(1)


def test_signs_of_the_reader_are_recorded_but_not_each_of_them(new_dock, qtbot, session):
    dock = new_dock()
    open_session(dock, qtbot, session)
    dock.cases.watch._active.stop()

    def signs(kind: str) -> int:
        settle(dock, qtbot)
        with reading(session) as connection:
            return connection.execute(
                "SELECT count(*) FROM event WHERE kind = ?", (kind,)
            ).fetchone()[0]

    before, places = signs("active"), signs("position")
    for step in range(20):
        dock.viewer.cursor.position = (1.0, 2.0, float(step))
    assert signs("active") == before + 1
    dock.viewer.dims.point = mask(dock).data_to_world((1, 2, 3))
    qtbot.waitUntil(lambda: signs("position") == places + 1, timeout=WAIT)
    index = ScreenOrder(GRIDS[0]).point_kept((1, 2, 3))
    assert read_session(session).position.index == index


def test_what_the_classify_panel_said_goes_with_the_decision(new_dock, qtbot, session):
    """The panel keeps its record with the layers; the session takes it from there."""
    dock = new_dock()
    open_session(dock, qtbot, session)
    record = {"named": ["enhancing"], "probabilities": {"enhancing": 0.9, "non-enhancing": 0.1}}
    keep_classification([mask(dock)], record)
    decide(dock, qtbot, "accept")
    step(dock, qtbot)
    close(dock, qtbot)
    items = read_session(session).items
    assert items[1].classification == record and not items[2].classification
    assert items[1].status == "accepted" and verify(session).sound


def test_undo_reaches_back_over_a_reopening(new_dock, qtbot, session):
    dock = new_dock()
    open_session(dock, qtbot, session)
    before = np.array(mask(dock).data)
    paint(dock, qtbot, (5, 5, 5))
    painted = np.array(mask(dock).data)
    close(dock, qtbot)
    open_session(dock, qtbot, session)
    assert np.array_equal(mask(dock).data, painted)
    with saving(dock, qtbot):
        click(dock, "undo")
    assert np.array_equal(mask(dock).data, before)
    qtbot.wait(300)
    close(dock, qtbot)
    assert np.array_equal(kept(session, 1), labels_on(GRIDS[0]))


def test_the_closed_dock_has_saved_and_closed_its_session(new_dock, qtbot, session):
    dock = new_dock()
    open_session(dock, qtbot, session)
    mask(dock).data_setitem((np.array([0]), np.array([0]), np.array([0])), 3)  # and at once:
    dock.panel.decide.note.setPlainText("typed last")
    with qtbot.waitSignal(dock.destroyed, timeout=WAIT):
        dock.viewer.window.remove_dock_widget(dock)
    assert np.count_nonzero(kept(session, 1) != labels_on(GRIDS[0])) == 1
    assert read_session(session).items[1].note == "typed last"
    other = new_dock()
    open_session(other, qtbot, session)  # it is not locked


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


def test_a_hidden_session_offers_no_segmentation(new_dock, qtbot, tmp_path):
    path = make(tmp_path / "studies", ai="hidden")
    dock = new_dock()
    open_session(dock, qtbot, path)
    add_segmentation(dock)
    assert dock.panel.findChild(QPushButton, "take").isHidden()
    assert not mask(dock).data.any()
    decide(dock, qtbot, "accept")
    assert dock.panel.findChild(QPushButton, "reveal").isHidden()


def add_segmentation(dock, value: int = 2):
    """Add what the Segment panel adds: a mask on the case's grid with its provenance."""
    from napari.layers import Layer

    from napari_acs.viewer.info import LayerInfo
    from napari_acs.viewer.layers import labels_layer
    from napari_acs.viewer.uncertainty_layer import uncertainty_layer

    info = dock.cases.images.infos[0]
    found = np.zeros(info.grid.shape, np.uint8)
    found[3:5, 3:6, 2:8] = value
    made = LayerInfo(
        info.grid, info.source, info.study, provenance={"model": {"id": "m-1"}}, prediction=found
    )
    unsure = np.full(info.grid.shape, 0.25, np.float16)
    dock.viewer.add_layer(Layer.create(*uncertainty_layer(unsure, info.grid, info.study, 1.0)))
    dock.viewer.add_layer(Layer.create(*labels_layer(found, made, f"segmentation {info.study}")))
    return found


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
    click(dock, "audit")
    settle(dock, qtbot)
    assert dock.cases.now.state.items[2].audited
    decide(dock, qtbot, "reject")
    assert "1 wrong: 100.0%" in dock.panel.findChild(QLabel, "audited").text()
    decide(dock, qtbot, "correct")

    for name, said in (("verify", "as they were written"), ("export", "3 reads")):
        with qtbot.waitSignal(dock.told, timeout=WAIT) as heard:
            click(dock, name)
        assert said in heard.args[0]
    table = (tmp_path / "reads.csv").read_text()
    assert "one" not in table and len(table.splitlines()) == 4
    with qtbot.waitSignal(dock.told, timeout=WAIT) as heard:
        click(dock, "training")
    assert "1 cases" in heard.args[0], heard.args


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
    assert "It is saved" in dock.said
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


def test_what_was_read_ahead_is_used_once_and_dropped(new_dock, qtbot, session):
    dock = new_dock()
    asked = []
    read = dock.cases.reader._read
    dock.cases.reader._read = lambda state, item, *rest: (
        asked.append(item),
        read(state, item, *rest),
    )[1]
    open_session(dock, qtbot, session)
    qtbot.waitUntil(lambda: dock.cases.reader.ahead == 2, timeout=WAIT)
    step(dock, qtbot)
    qtbot.waitUntil(lambda: dock.cases.reader.ahead == 3, timeout=WAIT)
    assert asked == [1, 2, 3]
    with qtbot.waitSignal(dock.begun, timeout=WAIT):
        dock.panel.table.opened.emit(1)
    qtbot.waitUntil(lambda: dock.cases.reader.ahead == 2, timeout=WAIT)
    assert asked == [1, 2, 3, 1, 2]


SCRIPT = Path(__file__).with_name("review_painting.py")


@pytest.mark.parametrize("end", ["close", "quit"])
def test_a_closed_window_has_saved_its_last_stroke_and_closed_its_session(session, end):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(session), end],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=SCRIPT.parents[2],
    )
    assert done.returncode == 0, done.stderr
    painted = next(int(line.split()[1]) for line in done.stdout.splitlines() if "painted" in line)
    assert np.count_nonzero(kept(session, 1) == 7) == painted
    assert not lock_file(session).exists()
    with reading(session) as connection:
        kinds = [row[0] for row in connection.execute("SELECT kind FROM event ORDER BY seq")]
    assert kinds[-1] == "closed"


def killed_while_painting(session: Path, strokes: int) -> list[int]:
    """Paint in a child with a window, kill it, and return the strokes that it called saved."""
    child = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(session)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=SCRIPT.parents[2],
    )
    said = []
    for line in child.stdout:
        if line.startswith("saved"):
            said.append(int(line.split()[1]))
        if len(said) == strokes:
            break
    child.kill()
    said += [int(line.split()[1]) for line in child.stdout if line.startswith("saved ")]
    assert child.wait() == -9
    return said


def recovered(new_dock, qtbot, session: Path, strokes: int) -> None:
    said = killed_while_painting(session, strokes)
    dock = new_dock()
    open_session(dock, qtbot, session)
    painted = int(np.count_nonzero(np.asarray(mask(dock).data) == 7))
    # At most what was painted in the last second, a stroke each tenth of it, is not there.
    assert painted >= said[-1]
    assert np.array_equal(
        kept(session, 1), ScreenOrder(GRIDS[0]).off_screen(np.asarray(mask(dock).data))
    )
    close(dock, qtbot)
    assert verify(session).sound


def test_a_killed_window_has_lost_nothing_that_it_said_was_saved(new_dock, qtbot, session):
    recovered(new_dock, qtbot, session, 5)


@pytest.mark.slow
@pytest.mark.parametrize("strokes", [1, 3, 8, 13, 20])
def test_killed_at_other_moments(new_dock, qtbot, session, strokes):
    recovered(new_dock, qtbot, session, strokes)


def test_the_panel_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import napari_acs.widgets.review_dock, napari_acs.viewer.review_take\n"
        "import napari_acs.widgets.review_reading, napari_acs.viewer.review_files\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
