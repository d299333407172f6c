"""A folder is there whole or not at all, and what a killed command left goes with the next."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from napari_acs.errors import BadInput
from napari_acs.review.session.drafts import draft_of

WRITING = """
import os, sys
from pathlib import Path
from napari_acs.review.session.drafts import draft_of
with draft_of(Path(sys.argv[1])) as draft:
    (draft / "half").touch()
    if sys.argv[2] == "killed":
        os._exit(9)
    print("at work", flush=True)
    sys.stdin.read()
    draft.replace(sys.argv[1])
"""


def writing(folder, how):
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", WRITING, str(folder), how]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, env=found)


def drafts(folder):
    return [f for f in folder.parent.iterdir() if f.is_dir() and f.name.startswith(".")]


def test_the_draft_of_a_killed_command_goes_and_that_of_one_at_work_stays(tmp_path):
    folder = tmp_path / "set (1)"
    other = tmp_path / ".set (1)-of-mine"
    other.mkdir()
    assert writing(folder, "killed").wait(60) == 9
    (left,) = set(drafts(folder)) - {other}
    with writing(folder, "slow") as slow:
        assert slow.stdout.readline() == "at work\n"
        assert not left.exists()
        (busy,) = set(drafts(folder)) - {other}
        with draft_of(folder) as draft:
            assert draft != busy
        assert (busy / "half").exists()
        slow.communicate("", timeout=60)
    assert (folder / "half").exists()
    assert drafts(folder) == [other]


def test_what_is_there_is_refused_and_what_fails_leaves_nothing(tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(BadInput, match="is there already"), draft_of(tmp_path / "there"):
        pass
    with pytest.raises(BadInput, match="no folder"), draft_of(tmp_path / "no" / "folder"):
        pass
    with pytest.raises(ZeroDivisionError), draft_of(tmp_path / "new"):
        raise ZeroDivisionError
    assert [file.name for file in tmp_path.iterdir()] == ["there"]
