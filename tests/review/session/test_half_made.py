"""A kill while the files of several raters are made leaves all of them, or none."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from review.session.sessions import make

from napari_acs.errors import BadInput
from napari_acs.review.session.decisions import write_note
from napari_acs.review.session.lock import session_lock
from napari_acs.review.session.merge import merge
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.verify import verify

RATERS = ("ann", "bob", "cec")
KILLED = """
import os, sys
from pathlib import Path
from review.session.sessions import make
from napari_acs.review.session import half_made
place, moment, calls = half_made.take_place, int(sys.argv[2]), []
def killed(*words):
    if len(calls) == moment:
        os._exit(9)
    calls.append(place(*words))
half_made.take_place = killed
if moment < 0:  # while the drafts are written
    from napari_acs.review.session import create
    create.take_places = lambda *_: os._exit(9)
if moment > 9:  # right after the first has its name, before its draft is gone
    half_made.remove_draft = lambda _: os._exit(9)
make(Path(sys.argv[1]), names=("new-1", "new-2"), raters=sys.argv[3:], overwrite=True)
"""


def kill_making(folder, moment, raters=RATERS):
    words = [sys.executable, "-c", KILLED, str(folder), str(moment), *raters]
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(words, check=False, timeout=120, env=found).returncode == 9


def visible(folder):
    return sorted(file.name for file in folder.iterdir() if not file.name.endswith(".lock"))


@pytest.mark.parametrize("moment", [0, 1, 2, 10])
@pytest.mark.parametrize("asked", ["ann", "cec"])
def test_the_files_are_all_there_when_one_is_asked_for(tmp_path, moment, asked):
    kill_making(tmp_path, moment)
    files = [tmp_path / f"{rater}.review" for rater in RATERS]
    assert not files[2].exists()
    for path in (
        tmp_path / f"{asked}.review",
        files[2],
    ):  # an own one that is there finishes nought
        with open_session(path) as session:
            assert session.state.rater == path.stem
    assert len(merge(files).reads) == 6
    assert all(verify(file).sound for file in files)
    assert visible(tmp_path) == [file.name for file in files]


@pytest.mark.parametrize("moment", [0, 1])
def test_making_them_again_says_what_was_finished(tmp_path, moment):
    kill_making(tmp_path, moment)
    with pytest.raises(BadInput, match=r"stopped before all.*have them now: ann.*cec.*Go on"):
        make(tmp_path, raters=("bob",))
    files = [tmp_path / f"{rater}.review" for rater in RATERS]
    assert len({read_session(file).id for file in files}) == 1
    (anew,) = make(tmp_path, raters=("bob",), overwrite=True)
    assert read_session(anew).id != read_session(files[0]).id


def test_making_them_anew_forgets_the_half_made(tmp_path):
    kill_making(tmp_path, 1)
    files = make(tmp_path, raters=RATERS, overwrite=True)
    assert {case for file in files for case in read_session(file).cases} >= {"study-a"}
    assert visible(tmp_path) == [file.name for file in files]


def test_a_file_that_was_to_be_replaced_and_worked_on_since_stays(tmp_path):
    make(tmp_path, raters=("ann", "bob"))
    kill_making(tmp_path, 1)  # ann is new, bob and cec are not yet
    bob = tmp_path / "bob.review"
    with open_session(bob) as session:
        write_note(session, 1, "work")
    assert read_session(tmp_path / "cec.review").rater == "cec"
    assert read_session(bob).items[1].note == "work"
    with pytest.raises(BadInput, match="another session"):
        merge([tmp_path / "ann.review", bob])


def test_a_file_that_was_to_be_replaced_and_was_left_alone_is(tmp_path):
    make(tmp_path, raters=("ann", "bob"))
    kill_making(tmp_path, 1)
    files = [tmp_path / "cec.review", tmp_path / "ann.review", tmp_path / "bob.review"]
    assert len(merge(files).reads) == 6
    assert visible(tmp_path) == ["ann.review", "bob.review", "cec.review"]


def test_a_file_that_was_moved_meanwhile_gets_no_second_name(tmp_path):
    kill_making(tmp_path, 10)
    (tmp_path / "ann.review").rename(tmp_path / "moved.review")
    assert read_session(tmp_path / "bob.review").rater == "bob"
    assert not (tmp_path / "ann.review").exists()
    assert (tmp_path / "moved.review").stat().st_nlink == 1


@pytest.mark.parametrize("note", ["", "[]", '{"drafts": 3}', '{"drafts": {"../x": "../../y"}}'])
def test_a_note_that_is_none_is_left_alone(tmp_path, note):
    (tmp_path / ".x.making").write_text(note)
    (path,) = make(tmp_path)
    assert verify(path).sound


def test_drafts_that_a_kill_left_go_with_the_next_making_and_those_of_others_stay(tmp_path):
    kill_making(tmp_path, -1)
    assert len([file for file in visible(tmp_path) if file.startswith(".")]) == len(RATERS)
    kill_making(tmp_path, 0, ("dan", "eve"))  # whose drafts a note tells of
    assert len([file for file in visible(tmp_path) if file.endswith(".review")]) == 2
    mine = tmp_path / f".{'0' * 32}.review"
    mine.write_text("being written")
    with session_lock(mine, "making it"):
        files = make(tmp_path, raters=RATERS)
    assert mine.exists()
    assert read_session(tmp_path / "eve.review").rater == "eve"
    assert {file.name for file in files} < set(visible(tmp_path))
    make(tmp_path, raters=("fay",))
    assert not [file for file in visible(tmp_path) if file.startswith(".")]
