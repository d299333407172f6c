"""The Review panel's window closed, quit and killed, and without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import REPO
from widgets.review_hands import (
    close,
    kept,
    mask,
    open_session,
)
from widgets.review_studies import GRIDS

from napari_acs.review.session.database import reading
from napari_acs.review.session.lock import lock_file
from napari_acs.review.session.session import read_session
from napari_acs.review.session.verify import verify
from napari_acs.viewer.review_order import ScreenOrder

SCRIPT = Path(__file__).with_name("review_painting.py")
_WITHOUT_TORCH = """
import sys, pytest

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchvision", "monai"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
sys.exit(pytest.main(["-q", "-n0", "-p", "no:cacheprovider", *sys.argv[1:]]))
"""


@pytest.mark.parametrize("end", ["close", "quit"])
def test_a_closed_window_has_saved_its_last_stroke_and_word_and_closed_its_session(session, end):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(session), end],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=SCRIPT.parents[2],
    )
    assert done.returncode == 0, done.stderr
    painted = next(int(line.split()[1]) for line in done.stdout.splitlines() if "painted" in line)
    assert np.count_nonzero(kept(session, 1) == 7) == painted
    assert read_session(session).items[1].note == "typed last"
    assert not lock_file(session).exists()
    with reading(session) as connection:
        kinds = [row[0] for row in connection.execute("SELECT kind FROM event ORDER BY seq")]
    assert kinds[-1] == "closed"


def killed_while_painting(session: Path, strokes: int) -> list[int]:
    """Paint in a child with a window, kill it, and return the strokes that it called saved."""
    child = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(session)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=SCRIPT.parents[2],
    )
    said = []
    for line in child.stdout:
        if line.startswith("saved"):
            said.append(int(line.split()[1]))
        if len(said) == strokes:
            break
    child.kill()
    said += [int(line.split()[1]) for line in child.stdout if line.startswith("saved ")]
    assert child.wait() == -9
    return said


def recovered(new_dock, qtbot, session: Path, strokes: int) -> None:
    said = killed_while_painting(session, strokes)
    dock = new_dock()
    open_session(dock, qtbot, session)
    painted = int(np.count_nonzero(np.asarray(mask(dock).data) == 7))
    # At most what was painted in the last second, a stroke each tenth of it, is not there.
    assert painted >= said[-1]
    assert np.array_equal(
        kept(session, 1), ScreenOrder(GRIDS[0]).off_screen(np.asarray(mask(dock).data))
    )
    close(dock, qtbot)
    assert verify(session).sound


def test_a_killed_window_has_lost_nothing_that_it_said_was_saved(new_dock, qtbot, session):
    recovered(new_dock, qtbot, session, 5)


@pytest.mark.slow
@pytest.mark.parametrize("strokes", [1, 3, 8, 13, 20])
def test_killed_at_other_moments(new_dock, qtbot, session, strokes):
    recovered(new_dock, qtbot, session, strokes)


def test_the_panels_work_where_torch_is_not_installed():
    """Tests of the real windows and of the report, in a Python that finds no torch."""
    tests = (
        "widgets/test_review_dock.py::test_edit_next_decide_close_and_reopen_where_it_was_left",
        "widgets/correct/test_tools.py::test_every_tool_says_what_it_does_and_is_one_step_of_undo",
        "review/report/test_report.py::test_the_page_is_whole_and_runs_and_loads_nothing",
    )
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_TORCH, *tests],
        cwd=REPO / "tests",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(tests)} passed" in done.stdout
