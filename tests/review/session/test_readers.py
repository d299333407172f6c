"""Several who read a session at once, and a window that opens beside them: nothing is left over."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from review.session.sessions import make

from napari_acs.review.session.database import reading
from napari_acs.review.session.decisions import write_note
from napari_acs.review.session.fold import read_state
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
