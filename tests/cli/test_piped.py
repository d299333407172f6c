"""Nobody reads what a command says, or the disk has no room for it: its work and status stay."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from review.session.sessions import make

FULL = Path("/dev/full")


def ended(*words: object, stdout: int, stderr: int) -> int:
    command = [sys.executable, "-m", "napari_acs", *map(str, words)]
    run = subprocess.run(command, stdout=stdout, stderr=stderr, check=False, timeout=120)
    return run.returncode


@pytest.fixture
def unread():
    """Return the end of a pipe that nobody reads, as ``| head -1`` leaves it."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes fail otherwise there")
@pytest.mark.parametrize("command", ["list", "verify"])  # by rich, and by typer
def test_a_reader_who_has_left_changes_nothing(command, unread, tmp_path):
    (path,) = make(tmp_path)
    errors = tmp_path / "errors"
    with errors.open("wb") as file:
        assert ended("review", command, path, stdout=unread, stderr=file.fileno()) == 0
    assert errors.read_text() == ""
    assert ended("review", command, tmp_path / "no", stdout=unread, stderr=unread) == 2


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
def test_a_full_disk_is_no_fault_of_ours(tmp_path):
    (path,) = make(tmp_path)
    errors = tmp_path / "errors"
    with errors.open("wb") as file, FULL.open("wb") as full:
        words = ("review", "list", path)
        assert ended(*words, stdout=full.fileno(), stderr=file.fileno()) == 2
    assert "no space left on device. Free some space" in errors.read_text()
    assert "at fault" not in errors.read_text()
