"""Folders that appear whole: what a killed writer left goes, what a living one writes stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from napari_acs.review.session.whole_folder import folder_drafted

_WRITES = """
import sys, time
from pathlib import Path
from napari_acs.review.session.whole_folder import folder_drafted
with folder_drafted(Path(sys.argv[1])) as draft:
    (draft / "large").write_bytes(b"0" * 1000)
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """A process in the middle of writing ``tmp_path / "set"``."""
    command = [sys.executable, "-c", _WRITES, str(tmp_path / "set")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    yield process
    process.kill()
    process.wait()


def _left(place):
    return sorted(path.name for path in place.iterdir() if path.name.startswith("."))


def test_what_a_killed_writer_left_is_removed_by_the_next_one_of_that_name(writer, tmp_path):
    writer.kill()
    writer.wait()
    (hidden,) = _left(tmp_path)
    with folder_drafted(tmp_path / "another"):
        pass
    assert _left(tmp_path) == [hidden]
    with folder_drafted(tmp_path / "set") as draft:
        (draft / "small").touch()
    assert _left(tmp_path) == []
    assert [file.name for file in (tmp_path / "set").iterdir()] == ["small"]


def test_what_a_living_process_writes_is_left_alone(writer, tmp_path):
    with folder_drafted(tmp_path / "set"):
        pass
    (hidden,) = _left(tmp_path)
    assert (tmp_path / hidden / "large").stat().st_size == 1000


@pytest.mark.parametrize(("age_s", "stays"), [(0, True), (3600, False)])
def test_a_draft_without_a_lock_goes_once_it_is_old(tmp_path, age_s, stays):
    old = tmp_path / f".set-{'0' * 32}"
    old.mkdir()
    then = time.time() - age_s
    os.utime(old, (then, then))
    with folder_drafted(tmp_path / "set"):
        pass
    assert old.exists() is stays


def test_links_and_others_folders_are_no_drafts(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / f".set-{'1' * 32}").symlink_to(tmp_path / "mine")
    near = (".set-old", f".my.set-{'2' * 32}", f".set-{'3' * 31}")
    others = [tmp_path / name for name in near]
    for folder in others:
        folder.mkdir()
        os.utime(folder, (0, 0))
    with folder_drafted(tmp_path / "set"):
        pass
    assert (tmp_path / "mine").is_dir()
    assert all(folder.is_dir() for folder in others)


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), folder_drafted(tmp_path / "set") as draft:
        (draft / "file").touch()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
