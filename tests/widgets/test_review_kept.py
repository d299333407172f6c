"""Nothing that the reader did is lost: full disks, answers that do not fit, pauses, long drags."""

# ruff: noqa: PLC0415
from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit
from widgets.review_hands import WAIT, click, close, kept, mask, open_session, settle, step
from widgets.review_studies import FORM, GRIDS, make

from napari_acs.errors import BadInput
from napari_acs.review.session.session import read_session
from napari_acs.viewer.review_order import ScreenOrder
from napari_acs.widgets.review_thread import end_thread

SOON_MS = 2500
"""A second, and what a busy machine needs besides."""


@pytest.fixture
def asking(new_dock, qtbot, tmp_path):
    """Return a dock with a session that asks questions, its file, and a finder of widgets."""
    path = make(tmp_path / "studies", FORM)
    dock = new_dock()
    open_session(dock, qtbot, path)
    return dock, path, dock.panel.findChild


def stays(dock, qtbot, leave) -> None:
    told = []
    dock.told.connect(told.append)
    leave()
    qtbot.waitUntil(lambda: any("you stay on this case" in each for each in told), timeout=WAIT)
    dock.told.disconnect(told.append)
    settle(dock, qtbot)
    assert dock.cases.item == 1 and mask(dock) in dock.viewer.layers


def test_a_full_disk_keeps_the_case_until_all_of_it_is_saved(asking, disk, qtbot):
    dock, path, find = asking
    said = find(QLabel, "saved")
    disk.full = True
    layer = mask(dock)
    layer.n_edit_dimensions, layer.brush_size = 3, 3
    layer.paint((5, 5, 5), 3)
    qtbot.waitUntil(lambda: "NOT SAVED" in said.text(), timeout=WAIT)
    assert "the disk is full" in dock.said
    painted = np.array(layer.data)
    dock.panel.decide.note.setPlainText("half an hour of it")
    find(QLineEdit, "form_remark").setText("remarkable")
    window = dock.viewer.window
    for leave in (
        lambda: click(dock, "next"),
        lambda: dock.panel.table.opened.emit(3),
        lambda: dock.viewer.layers.remove(layer),
        lambda: dock.panel.start.open.emit(path.with_name("other.review")),
        lambda: window.remove_dock_widget(dock),
    ):
        stays(dock, qtbot, leave)
    assert dock.parent() is not None, "the panel is there again"
    assert np.array_equal(layer.data, painted) and "NOT SAVED" in said.text()

    disk.full = False  # and nothing is clicked
    qtbot.waitUntil(lambda: "NOT SAVED" not in said.text(), timeout=WAIT)
    assert not dock.said
    item = read_session(path).items[1]
    assert np.array_equal(kept(path, 1), ScreenOrder(GRIDS[0]).off_screen(painted))
    assert item.note == "half an hour of it" and item.answers == {"remark": "remarkable"}
    assert step(dock, qtbot) == 2


def test_a_note_that_the_disk_refused_is_tried_again(asking, disk, qtbot):
    dock, path, find = asking
    disk.full = True
    dock.panel.decide.note.setPlainText("alone")
    qtbot.waitUntil(lambda: "NOT SAVED" in find(QLabel, "saved").text(), timeout=WAIT)
    disk.full = False
    qtbot.waitUntil(lambda: read_session(path).items[1].note == "alone", timeout=WAIT)
    qtbot.waitUntil(lambda: "NOT SAVED" not in find(QLabel, "saved").text(), timeout=WAIT)


def test_what_is_not_saved_as_the_window_closes_is_in_the_log(caplog):
    def refused() -> None:
        raise BadInput("ann.review cannot be written", found="the disk is full")

    with caplog.at_level(logging.ERROR):
        end_thread(ThreadPoolExecutor(1), refused)
    assert "the disk is full" in caplog.text


@pytest.mark.parametrize("what", ["stroke", "word"])
def test_what_is_done_between_the_click_and_the_next_case_is_kept(asking, qtbot, what):
    dock, path, _ = asking
    layer = mask(dock)
    layer.n_edit_dimensions, layer.brush_size = 3, 3
    with qtbot.waitSignal(dock.begun, timeout=WAIT):
        click(dock, "next")
        dock.cases.keeper.pool.submit(lambda: None).result()  # saved, which nobody here knows yet
        if what == "stroke":
            layer.paint((5, 5, 5), 3)
        else:
            dock.panel.decide.note.setPlainText("in the last moment")
    settle(dock, qtbot)
    painted = ScreenOrder(GRIDS[0]).off_screen(np.array(layer.data))
    assert dock.cases.item == 2 and np.array_equal(kept(path, 1), painted)
    assert read_session(path).items[1].note == ("in the last moment" if what == "word" else "")


def test_a_mask_of_another_shape_does_not_hold_the_reader(new_dock, qtbot, session):
    dock = new_dock()
    open_session(dock, qtbot, session)
    mask(dock).data = np.zeros((3, 3, 3), np.uint8)
    assert step(dock, qtbot) == 2


def test_one_answer_that_does_not_fit_takes_no_other_along(asking, qtbot):
    dock, path, find = asking
    number, note = find(QLineEdit, "form_longest"), dock.panel.decide.note
    number.setText("30")
    number.editingFinished.emit()
    settle(dock, qtbot)
    number.setText("300")
    number.editingFinished.emit()
    settle(dock, qtbot)
    find(QComboBox, "form_quality").setCurrentIndex(2)
    find(QLineEdit, "form_remark").setText("a long remark")
    note.setPlainText("x" * 20_001)
    for leave in (lambda: click(dock, "next"), dock.close_session):
        stays(dock, qtbot, leave)
        assert "longest: found 300" in dock.said and "from 0 to 250 mm" in dock.said
        assert number.text() == "300"
        assert read_session(path).items[1].answers == {"quality": "poor", "remark": "a long remark"}
    number.setText("25")
    number.editingFinished.emit()
    settle(dock, qtbot)
    stays(dock, qtbot, lambda: click(dock, "next"))
    assert "20001 characters" in dock.said and "at most 20000" in dock.said
    assert len(note.toPlainText()) == 20_001
    note.setPlainText("short")
    assert step(dock, qtbot) == 2
    item = read_session(path).items[1]
    assert item.note == "short"
    assert item.answers == {"quality": "poor", "remark": "a long remark", "longest": 25.0}


def test_a_mended_answer_takes_its_refusal_back(asking, qtbot):
    dock, _, find = asking
    number = find(QLineEdit, "form_longest")
    number.setText("300")
    qtbot.waitUntil(lambda: "from 0 to 250 mm" in dock.said, timeout=SOON_MS)
    number.setText("30")
    qtbot.waitUntil(lambda: not dock.said, timeout=SOON_MS)


@pytest.mark.parametrize("where", ["note", "form_remark", "form_longest"])
def test_what_is_typed_is_in_the_file_within_a_second_also_without_a_pause(asking, qtbot, where):
    dock, path, find = asking
    field = dock.panel.decide.note if where == "note" else find(QLineEdit, where)

    def there() -> str:
        item = read_session(path).items[1]
        return item.note or str(item.answers.get(where.removeprefix("form_"), ""))

    for number in range(SOON_MS // 50):  # the field keeps the focus, and texts have no pause
        qtbot.keyClicks(field, "1" if number < 2 or where != "form_longest" else "")
        qtbot.wait(50)
        if there():
            break
    assert there().startswith("1")


def test_a_drag_that_goes_on_is_in_the_file_within_a_second(
    new_dock, qtbot, session, make_napari_viewer
):
    dock = new_dock(make_napari_viewer(show=True))
    open_session(dock, qtbot, session)
    layer, order = mask(dock), ScreenOrder(GRIDS[0])
    before = order.off_screen(np.array(layer.data))
    layer.mode, layer.brush_size, layer.selected_label = "paint", 2, 3
    dock.viewer.screenshot(flash=False)  # a part of a mask never drawn says more than one drawn
    qtbot.waitUntil(lambda: not dock.cases.follower.due_soon, timeout=WAIT)
    event = SimpleNamespace(
        type="mouse_press",
        button=1,
        modifiers=(),
        position=tuple(layer.data_to_world((5, 5, 5))),
        view_direction=None,
        dims_displayed=[1, 2],
    )
    (draw,) = [one for one in layer.mouse_drag_callbacks if one.__name__ == "draw"]
    drag = draw(layer, event)
    next(drag)
    event.type, event.position = "mouse_move", tuple(layer.data_to_world((5, 7, 8)))
    next(drag)
    painted = order.off_screen(np.array(layer.data))
    assert not np.array_equal(painted, before)
    qtbot.waitUntil(lambda: np.array_equal(kept(session, 1), painted), timeout=SOON_MS)
    event.type = "mouse_release"
    assert next(drag, None) is None
    close(dock, qtbot)
    assert np.array_equal(kept(session, 1), painted)


def test_the_search_box_and_next_after_it(asking, qtbot):
    dock, _, find = asking
    step(dock, qtbot)
    dock.panel.decide.note.setPlainText("Necrosis?")
    step(dock, qtbot)
    find(QLineEdit, "search").setText("necro")
    assert [row.item for row in dock.panel.table.shown] == [2]
    assert dock.panel.table.table.rowCount() == 1
    assert step(dock, qtbot) == 2


@pytest.mark.parametrize("gone", [1, 2])
def test_a_study_that_vanished_is_passed_over(new_dock, qtbot, session, gone):
    import shutil

    if gone == 1:  # the session was left there
        dock = new_dock()
        open_session(dock, qtbot, session)
        close(dock, qtbot)
    shutil.rmtree(session.parent / ("one" if gone == 1 else "two"))
    dock = new_dock()
    with qtbot.waitSignal(dock.told if gone == 1 else dock.begun, timeout=WAIT):
        dock.panel.start.open.emit(session)
    if gone == 2:
        with qtbot.waitSignal(dock.told, timeout=WAIT):
            click(dock, "next")
    assert "are not there" in dock.said
    dock.cases.do(lambda session: None)  # as the cards of the whole session do; the list is new
    settle(dock, qtbot)
    bold = [dock.panel.table.table.item(row, 0).font().bold() for row in range(3)]
    assert bold == [gone == 1, gone == 2, False]
    assert step(dock, qtbot) == gone + 1
