"""The Review panel's window closed, quit and killed, and without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from widgets.review_hands import (
    close,
    kept,
    mask,
    open_session,
)
from widgets.review_studies import GRIDS

from napari_acs.review.session.database import reading
from napari_acs.review.session.lock import lock_file
from napari_acs.review.session.verify import verify
from napari_acs.viewer.review_order import ScreenOrder

SCRIPT = Path(__file__).with_name("review_painting.py")


@pytest.mark.parametrize("end", ["close", "quit"])
def test_a_closed_window_has_saved_its_last_stroke_and_closed_its_session(session, end):
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


def test_the_panel_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import napari_acs.widgets.review_dock, napari_acs.viewer.review_take\n"
        "import napari_acs.widgets.review_reading, napari_acs.viewer.review_files\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
