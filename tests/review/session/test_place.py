"""A new session never destroys one that is open, and never lies beside the log of an older one."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from review.session.sessions import GRID, make

from napari_acs.errors import BadInput
from napari_acs.review.session import place
from napari_acs.review.session.decisions import write_note
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import start_empty
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.verify import verify
from napari_acs.viewer.review_files import make_session

OTHERS = ("other-1", "other-2")


@pytest.fixture
def killed(tmp_path):
    """A session as kill -9 leaves it: its newest strokes are in the log beside it alone."""
    home, taken = tmp_path / "home", tmp_path / "taken"
    home.mkdir()
    (path,) = make(home, names=[f"study-{n}" for n in range(200)])
    with open_session(path) as session:
        editor = MaskEditor(session, start_empty(session, 1, GRID).id)
        for number in range(40):
            editor.stroke(np.arange(number, 300), 1 + number % 3)
        write_note(session, 1, "the last word")
        shutil.copytree(home, taken)
    for lock in taken.glob(".*"):
        lock.unlink()
    assert {file.name for file in taken.iterdir()} >= {"ann.review", "ann.review-wal"}
    return taken / "ann.review"


def test_a_session_that_is_open_is_not_replaced(tmp_path):
    files = make(tmp_path, raters=("ann", "bob"))
    with open_session(files[1]) as session:
        write_note(session, 1, "first")
        before = files[0].read_bytes()
        with pytest.raises(BadInput, match=r"bob\.review is open already.*Go on there"):
            make(tmp_path, OTHERS, ("ann", "bob"), overwrite=True)
        write_note(session, 1, "second")
    assert files[0].read_bytes() == before
    assert read_session(files[1]).items[1].note == "second"
    assert verify(files[1]).sound
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ann.review", "bob.review"]


@pytest.mark.parametrize("damaged", [False, True])
def test_what_was_killed_is_replaced_together_with_its_log(killed, damaged):
    if damaged:
        killed.write_bytes(b"no database, so its log cannot go into it" * 99)
    make(killed.parent, OTHERS, overwrite=True)
    assert [file.name for file in killed.parent.iterdir()] == ["ann.review"]
    assert verify(killed).sound
    assert set(read_session(killed).cases) == set(OTHERS)


@pytest.mark.parametrize("step", ["sync_folder", "put_in_place"])
def test_a_crash_while_it_is_replaced_leaves_the_old_session_whole(killed, monkeypatch, step):
    class Crash(BaseException):
        pass

    def crash(*_):
        raise Crash

    monkeypatch.setattr(place, step, crash)
    with pytest.raises(Crash):
        make(killed.parent, OTHERS, overwrite=True)
    assert verify(killed).sound
    assert read_session(killed).items[1].note == "the last word"
    assert not killed.with_name("ann.review-wal").exists()  # the new file would have found it


def test_a_log_without_its_session_is_left_alone_and_named(killed, tmp_path):
    killed.unlink()
    log = killed.with_name("ann.review-wal")
    before = log.read_bytes()
    told = r"beside ann\.review-wal.*move ann\.review-wal away"
    with pytest.raises(BadInput, match=told):
        make(killed.parent, OTHERS)
    study = tmp_path / "not looked at: that takes minutes"
    with pytest.raises(BadInput, match=told):
        make_session([study], "ann", killed)
    assert not killed.exists()
    assert log.read_bytes() == before
    make(killed.parent, OTHERS, overwrite=True)
    assert verify(killed).sound
    assert set(read_session(killed).cases) == set(OTHERS)
