"""The Review panel, clicked: edits, undo, closing, reopening."""

from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QLabel, QPushButton
from widgets.review_hands import (
    WAIT,
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
from widgets.review_studies import GRIDS, labels_on

from napari_acs.review.session.database import reading
from napari_acs.review.session.log import read_events
from napari_acs.review.session.session import read_session
from napari_acs.review.session.verify import verify
from napari_acs.viewer.classification_layer import keep_classification
from napari_acs.viewer.review_order import ScreenOrder


def test_edit_next_decide_close_and_reopen_where_it_was_left(new_dock, qtbot, session):
    dock = new_dock()
    open_session(dock, qtbot, session)
    layer = mask(dock)
    order = ScreenOrder(GRIDS[0])
    assert np.array_equal(layer.data, order.on_screen(labels_on(GRIDS[0]))), "the given mask"
    qtbot.waitUntil(lambda: len(dock.viewer.layers) == 3, timeout=WAIT)  # they come one by one
    names = [one.name for one in dock.viewer.layers]
    assert len(names) == 3 and not any("one" in name for name in names), "pseudonyms alone"
    paint(dock, qtbot, (5, 5, 5))
    assert "saved" in dock.panel.findChild(QLabel, "saved").text()
    first = np.array(layer.data)
    assert np.array_equal(kept(session, 1), order.off_screen(first))
    decide(dock, qtbot, "correct")

    assert step(dock, qtbot) == 2
    assert not mask(dock).data.any(), "no mask came with it"
    qtbot.waitUntil(lambda: len(dock.viewer.layers) == 3, timeout=WAIT)
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


def test_undos_after_a_stroke_that_was_not_saved_yet_are_undos(new_dock, qtbot, session):
    """A stroke and its undo before the next save made the undo of the one before a stroke."""
    dock = new_dock()
    open_session(dock, qtbot, session)
    paint(dock, qtbot, (5, 5, 5))
    dock.cases.follower.hold(True)  # as while an undo of the session is on its way
    layer = mask(dock)
    before = np.array(layer.data)
    layer.paint((2, 2, 2), 1)
    layer.undo()
    assert np.array_equal(layer.data, before)
    layer.undo()
    with saving(dock, qtbot):
        dock.cases.follower.hold(False)
    close(dock, qtbot)
    with reading(session) as connection:
        kinds = [
            event.kind for event in read_events(connection, "kind IN ('stroke', 'undo', 'redo')")
        ]
    assert kinds == ["stroke", "undo"]


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
    for place in range(20):
        dock.viewer.cursor.position = (1.0, 2.0, float(place))
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
