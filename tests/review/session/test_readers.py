"""Several who read a session at once, and a window that opens beside them: nothing is left over."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import replace
from threading import Timer

import numpy as np
import pytest
from review.session.sessions import GRID, SHAPE, make

from napari_acs.errors import BadInput
from napari_acs.review.session import activity
from napari_acs.review.session.database import reading
from napari_acs.review.session.decisions import (
    decide,
    go_to,
    note_activity,
    reveal,
    write_note,
)
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.fold import read_state
from napari_acs.review.session.lock import READING, session_lock
from napari_acs.review.session.masks import add_prediction, start_from
from napari_acs.review.session.merge import merge, read_labels_of
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.verify import verify


@pytest.mark.parametrize("first", [0, 1, 2])
def test_readers_at_the_same_time_leave_nothing_beside_the_file(tmp_path, first):
    (path,) = make(tmp_path)
    before = path.read_bytes()
    with ExitStack() as others:
        readers = [ExitStack() for _ in range(3)]
        for reader in readers:
            others.enter_context(reader)
            assert len(read_state(reader.enter_context(reading(path))).items) == 3
        readers[first].close()  # whoever leaves last tidies up
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_a_reader_takes_nothing_from_a_window_that_is_open(tmp_path):
    (path,) = make(tmp_path)
    with open_session(path) as session:
        read_session(path)
        for text in ("one", "two"):  # before the first there is nothing in the log of SQLite
            write_note(session, 1, text)
            assert read_session(path).items[1].note == text
    assert read_session(path).items[1].note == "two" and verify(path).sound
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_window_waits_for_one_who_only_reads_and_for_no_other_window(tmp_path, monkeypatch):
    """It refused where a list was made at that very moment."""
    (path,) = make(tmp_path)
    with ExitStack() as reader:
        reader.enter_context(session_lock(path, READING))
        leaves = Timer(0.3, reader.close)
        leaves.start()
        with open_session(path) as session:
            write_note(session, 1, "waited")
            monkeypatch.setattr("napari_acs.review.session.lock.time.sleep", None)  # not called
            with pytest.raises(BadInput, match=r"is open already: .*, open since"):
                open_session(path).__enter__()
        leaves.join()
    assert read_session(path).items[1].note == "waited"
    monkeypatch.undo()
    monkeypatch.setattr("napari_acs.review.session.log._PATIENCE_S", 0.2)
    with (
        session_lock(path, READING),
        pytest.raises(BadInput, match=r"is open already: .*, reading since"),
        open_session(path),
    ):
        pass


def test_first_reads_are_timed_apart_in_one_go_through_the_log(tmp_path, monkeypatch):
    """Of 500 cases the whole log was gone through 500 times: an export took minutes."""
    (path,) = make(tmp_path, names=[f"study-{n}" for n in range(6)], ai="after")
    clock = [0.0]
    monkeypatch.setattr("napari_acs.review.session.log.time.monotonic", lambda: clock[0])
    first, second = {}, {}
    with open_session(path) as session:
        for order, seconds in ((range(1, 7), first), (range(6, 0, -1), second)):
            for item in order:
                go_to(session, item)
                for _ in range(item):
                    clock[0] += 3 + len(second)
                    note_activity(session)
                decide(session, item, "accepted")
                if seconds is first:
                    reveal(session, item)
                seconds[item] = item * (3 + len(second))
    gone_through, read = [], activity.read_signs

    def counted(*args):
        gone_through.append(read(*args))
        return gone_through[-1]

    monkeypatch.setattr(activity, "read_signs", counted)
    rows = merge([path]).reads
    spent = {(row.item, row.ai): row.seconds for row in rows}
    assert {item: spent[item, "before"] for item in first} == first
    assert {item: spent[item, "after"] for item in second} == second
    assert sum(map(len, gone_through)) <= 2 * session.log.head.seq


def test_a_link_to_a_session_is_that_session(tmp_path):
    """Two windows had it open, each by another name; a read by a link missed what a crash left."""
    (path,) = make(tmp_path)
    link = tmp_path / "desk" / "my.review"
    link.parent.mkdir()
    try:
        link.symlink_to(path)
    except OSError:
        pytest.skip("no right to make links")
    with open_session(path) as session:
        write_note(session, 1, "first")
        with pytest.raises(BadInput, match="open already"), open_session(link):
            pass
        assert read_session(link).items[1].note == "first"
        left = tmp_path / "left"
        left.mkdir()
        for file in tmp_path.glob("ann.review*"):  # as kill -9 leaves them
            shutil.copy(file, left)
    link.unlink()
    link.symlink_to(left / path.name)
    assert (left / "ann.review-wal").stat().st_size
    assert read_session(link).items[1].note == "first"
    with open_session(link) as session:
        assert session.item(1).note == "first"
    assert [file.name for file in link.parent.iterdir()] == [link.name]


def test_the_labels_of_a_read_are_had_without_going_through_the_whole_log(tmp_path, monkeypatch):
    """A report of thousands of cases asks for each."""
    (path,) = make(tmp_path)
    labels = np.arange(np.prod(SHAPE), dtype=np.uint8).reshape(SHAPE) % 4
    with open_session(path) as session:
        prediction = add_prediction(session, 2, labels, GRID, title="model")
        editor = MaskEditor(session, start_from(session, prediction.id).id)
        editor.stroke([0, 5], 3)
        decide(session, 2, "corrected")
        decided = editor.array.copy()
        editor.stroke([7], 3)
        decide(session, 2, "corrected")
        editor.stroke([8], 3)
    rows = {row.item: row for row in merge([path]).reads}
    monkeypatch.setattr("napari_acs.review.session.merge.read_state", None)
    found, grid = read_labels_of(replace(rows[2], until=session.state.items[2].decided.seq))
    decided.reshape(-1)[7] = 3
    np.testing.assert_array_equal(found, decided)
    assert grid == GRID and read_labels_of(rows[1]) is None
