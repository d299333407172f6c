"""Disks, locks, clocks and versions: one sentence each, and nothing is lost."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import contextmanager

import numpy as np
import pytest
from review.session.sessions import GRID, make

from napari_acs.errors import BadInput
from napari_acs.review.session import editing
from napari_acs.review.session.decisions import write_note
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.lock import lock_file
from napari_acs.review.session.log import Draft
from napari_acs.review.session.masks import start_empty
from napari_acs.review.session.schema import STEPS, check_version, migrate, version_of
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.verify import verify


@pytest.mark.parametrize("every", [1, 64])
def test_a_full_disk_costs_the_stroke_in_hand_and_no_other(tmp_path, monkeypatch, every):
    monkeypatch.setattr(editing, "SNAPSHOT_EVERY", every)
    (path,) = make(tmp_path)
    draw = np.random.default_rng(0)
    with open_session(path) as session:
        editor = MaskEditor(session, start_empty(session, 1, GRID).id)
        connection = session.log.connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 8}")
        drawn = 0
        with pytest.raises(BadInput, match="disk is full"):
            while True:
                kept, head, history = editor.array.copy(), session.log.head, editor.history
                editor.stroke(draw.integers(0, kept.size, 200), draw.integers(0, 255, 200))
                drawn += 1
        assert drawn
        np.testing.assert_array_equal(editor.array, kept)
        assert (session.log.head, session.state.head, editor.history) == (head, head, history)
        connection.execute("PRAGMA max_page_count = 100000")  # somebody has tidied up
        editor.stroke([0], 250)
        kept = editor.array.copy()
    with open_session(path) as session:
        np.testing.assert_array_equal(MaskEditor(session, editor.id).array, kept)
    assert verify(path).sound


def test_a_disk_that_fills_up_while_the_log_is_synced_loses_nothing(tmp_path):
    """A real small disk, where this machine lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    try:
        (path,) = make(disk)
        draw = np.random.default_rng(0)
        with open_session(path) as session:
            editor = MaskEditor(session, start_empty(session, 1, GRID).id)
            with pytest.raises(BadInput, match="disk is full"):
                while True:
                    kept = editor.array.copy()
                    editor.stroke(draw.integers(0, kept.size, 300), draw.integers(0, 255, 300))
            np.testing.assert_array_equal(editor.array, kept)
            drawn = len(editor.history.done)
            assert drawn > 10
            with pytest.raises(BadInput, match=r"^bob\.review cannot be written: .*disk is full"):
                make(disk, raters=("bob",), names=[f"study-{n}" for n in range(3000)])
            assert [file.name for file in disk.glob("*.review")] == ["ann.review"]
            subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
            editor.stroke([1], 9)
            kept = editor.array.copy()
        assert verify(path).sound
        with open_session(path) as session:
            np.testing.assert_array_equal(MaskEditor(session, editor.id).array, kept)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_session_that_cannot_be_made_is_called_by_its_own_name(tmp_path, monkeypatch):
    @contextmanager
    def full(connection):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error
        yield

    monkeypatch.setattr("napari_acs.review.session.log.transaction", full)
    with pytest.raises(BadInput, match=r"^ann\.review cannot be written: .*disk is full"):
        make(tmp_path)
    assert not list(tmp_path.iterdir())


def as_nobody(said: Callable[[], str]) -> str:
    """Call a function as a user who owns nothing, where the tests run as root."""
    if os.geteuid():
        return said()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setuid(65534)
            os.write(write, said().encode())
        except BaseException as error:
            os.write(write, repr(error).encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        return pipe.read()


def test_a_read_only_folder_is_refused_for_work_and_can_be_read(tmp_path):
    (path,) = make(tmp_path)
    before = path.read_bytes()

    def attempt() -> str:
        try:
            with open_session(path):
                return "opened"
        except BadInput as refusal:
            return f"{refusal} {len(read_session(path).items)} items"

    for folder in tmp_path.parents:  # pytest's own are root's alone
        if folder.stat().st_mode & 0o077 == 0:
            folder.chmod(0o711)
    tmp_path.chmod(0o555)
    path.chmod(0o444)
    try:
        said = as_nobody(attempt)
    finally:
        tmp_path.chmod(0o755)
    assert "may not be written" in said
    assert "copy the session to a folder of yours" in said
    assert said.endswith("3 items")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_second_window_is_told_who_has_the_session(tmp_path):
    (path,) = make(tmp_path)
    with open_session(path) as session:
        write_note(session, 1, "first")
        told = rf"open already.*process {os.getpid()} on"
        with pytest.raises(BadInput, match=told), open_session(path):
            pass
        write_note(session, 1, "second")
        assert read_session(path).items[1].note == "second"  # reading does no harm
        assert verify(path).sound
        write_note(session, 1, "third")
    with open_session(path) as session:
        assert session.item(1).note == "third"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_every_step_is_on_the_disk_before_it_is_shown_as_done(tmp_path):
    """What a power cut would show, as far as a test can: SQLite is told to sync each commit."""
    (path,) = make(tmp_path)
    with open_session(path) as session:
        connection = session.log.connection
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA fullfsync").fetchone() == (1,)


def test_the_lock_of_a_process_that_is_gone_holds_nobody_up(tmp_path):
    (path,) = make(tmp_path)
    # A living process bears the number: after a restart that happens.
    note = {"host": "here", "pid": os.getppid(), "since": "yesterday", "what": "open"}
    lock_file(path).write_text(json.dumps(note))
    with open_session(path) as session:
        write_note(session, 1, "mine")
    assert not lock_file(path).exists()


def test_a_clock_that_goes_back_is_noted_and_the_order_stays(tmp_path):
    (path,) = make(tmp_path)
    told = iter([f"2099-01-0{day}T00:00:00.000000+00:00" for day in (1, 2, 1, 3, 2, 4)])
    with open_session(path, now=lambda: next(told)) as session:
        for text in ("a", "b", "c"):
            write_note(session, 1, text)
        session.record(Draft("active", 1), Draft("active", 1))  # in one go: one step of the clock
        went_back = session.state.clock_went_back
    verdict = verify(path)
    assert verdict.sound
    assert verdict.clock_went_back == went_back == (session.log.run + 2, session.log.run + 4)
    state = read_session(path)
    assert state.clock_went_back == went_back
    assert state.items[1].note == "c"
    with open_session(path) as session:  # today is before 2099
        assert session.state.clock_went_back == (*went_back, session.log.run)


def test_a_newer_file_is_refused_and_left_alone(tmp_path):
    (path,) = make(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    connection.close()
    before = path.read_bytes()
    said = r"written by a newer napari-acs.*Update napari-acs"
    with pytest.raises(BadInput, match=said), open_session(path):
        pass
    with pytest.raises(BadInput, match=said):
        read_session(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100, None])
def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "other.review"
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE event (seq)")
        connection.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(BadInput), open_session(path):
        pass
    with pytest.raises(BadInput):
        read_session(path)
    assert path.read_bytes() == before
    with pytest.raises(BadInput, match="no such file"):
        read_session(tmp_path / "gone.review")


def test_a_damaged_end_is_refused_for_work(tmp_path):
    (path,) = make(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER event_no_update")
    connection.execute("UPDATE event SET hash = 'x' WHERE seq = (SELECT max(seq) FROM event)")
    connection.commit()
    connection.close()
    said = r"not as napari-acs wrote it.*review verify"
    with pytest.raises(BadInput, match=said), open_session(path):
        pass


def test_migrations_run_in_order_all_or_none():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    assert version_of(connection) == len(STEPS)
    broken = (*STEPS, "ALTER TABLE event ADD COLUMN more;", "CREATE TABLE event (seq);")
    with pytest.raises(sqlite3.Error):
        migrate(connection, broken)
    assert version_of(connection) == len(STEPS)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(event)")]
    assert "more" not in columns
    migrate(connection, broken[:-1])
    assert version_of(connection) == len(STEPS) + 1
    with pytest.raises(BadInput, match="newer"):
        check_version(connection, "x.review")
    connection.close()


def test_making_a_session_never_replaces_a_file_unasked(tmp_path):
    (path,) = make(tmp_path)
    before = path.read_bytes()
    with pytest.raises(BadInput, match="is there already"):
        make(tmp_path)
    assert path.read_bytes() == before
