"""Disks on which SQLite works another way, or not at all: those of networks, and of clouds."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from review.session.sessions import make

from napari_acs.errors import BadInput
from napari_acs.review.session.database import reading
from napari_acs.review.session.faults import speaking
from napari_acs.review.session.session import open_session
from napari_acs.review.session.verify import verify


@pytest.mark.parametrize("name", ["SQLITE_PROTOCOL", "SQLITE_IOERR_SHMMAP", "SQLITE_IOERR_LOCK"])
def test_a_disk_without_sqlite_s_locks_is_said_so(tmp_path, name):
    fault = sqlite3.OperationalError("locking protocol")
    fault.sqlite_errorname = name
    said = "without the locks that SQLite needs.*Copy the session to a disk of this machine"
    with pytest.raises(BadInput, match=said), speaking(tmp_path / "s.review", "cannot be opened"):
        raise fault


@pytest.mark.parametrize("look", [open_session, reading])
def test_half_a_step_of_a_disk_without_logs_is_taken_back(tmp_path, look):
    """Where SQLite can keep no log it keeps what was before, beside the file (a journal)."""
    home = tmp_path / "home"
    home.mkdir()
    (path,) = make(home, [f"study-{number}" for number in range(300)])  # more than one page
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN")
    connection.execute("DROP TRIGGER event_no_update")
    connection.execute("UPDATE event SET at = data || data || data || data || data")
    copy = tmp_path / "killed"
    shutil.copytree(path.parent, copy)
    connection.execute("ROLLBACK")
    connection.close()
    killed = copy / path.name
    assert (copy / f"{path.name}-journal").stat().st_size > 0
    with look(killed):
        pass
    assert verify(killed).sound
