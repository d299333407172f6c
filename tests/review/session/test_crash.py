"""Killed at any moment, a session has all that was committed, and goes on."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from review.session.sessions import make

from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.lock import lock_file
from napari_acs.review.session.replay import mask_at
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.verify import verify

_SCRIPT = Path(__file__).with_name("scripted.py")


def edit_and_kill(path: Path, seed: int, lines: int, pause_s: float) -> list[tuple[int, int]]:
    """Let a process edit, kill it a moment after so many steps; return the steps that it said."""
    child = subprocess.Popen(
        [sys.executable, str(_SCRIPT), str(path), str(seed)], stdout=subprocess.PIPE, text=True
    )
    said = [child.stdout.readline() for _ in range(lines)]
    try:
        child.wait(pause_s)
    except subprocess.TimeoutExpired:
        child.kill()
    said += child.communicate()[0].splitlines()
    assert child.returncode == -9, said[-3:]
    whole = [line.split() for line in said if line.count(" ") == 1]
    return [(int(seq), int(crc)) for seq, crc in whole]


def check_after_kill(path: Path, said: list[tuple[int, int]]) -> None:
    assert lock_file(path).exists()  # nobody tidied up
    last, crc = said[-1]
    with open_session(path) as session:
        mask = session.state.masks[session.item(1).masks[0]]
        found = session.log.run - 1  # the last event before this opening
        # Nothing is lost that was said; at most the step in hand (with its snapshot) is there, too.
        assert last <= found <= last + 2
        for seq, known in said[-5:]:
            assert zlib.crc32(mask_at(session.log.connection, mask, seq).tobytes()) == known
        if found == last:
            assert zlib.crc32(MaskEditor(session, mask.id).array.tobytes()) == crc
    verdict = verify(path)
    assert verdict.sound, verdict.why
    assert not lock_file(path).exists()


def kill_times(path: Path, count: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    for number in range(count):
        lines, pause = int(draw.integers(1, 150)), float(draw.uniform(0, 0.05))
        check_after_kill(path, edit_and_kill(path, number, lines, pause))


def test_nothing_committed_is_lost_by_kill_9(tmp_path):
    (path,) = make(tmp_path)
    kill_times(path, 3, seed=1)


@pytest.mark.slow
def test_nothing_committed_is_lost_by_fifty_times_kill_9(tmp_path):
    (path,) = make(tmp_path)
    kill_times(path, 50, seed=2)


def test_a_reader_sees_what_a_killed_window_left_also_where_nothing_may_be_written(
    tmp_path, monkeypatch
):
    (path,) = make(tmp_path)
    said = edit_and_kill(path, 5, 40, 0.0)
    assert path.with_name(path.name + "-wal").stat().st_size
    from napari_acs.review.session import database  # noqa: PLC0415

    def sealed(*_):
        raise database.NoLock("sealed")

    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    monkeypatch.setattr(database, "session_lock", sealed)
    assert read_session(path).head.seq >= said[-1][0]
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    monkeypatch.undo()
    assert read_session(path).head.seq >= said[-1][0]
