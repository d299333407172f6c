"""The window is closed while a job runs: its thread ends, the process too, and nothing is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("close_while_running.py")


def test_a_process_ends_well_and_silently(job="threaded", way="queued"):
    """The program itself asserts that the job was cancelled and left no thread."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), job, way],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout == "ended\n"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["window", "quit"])
@pytest.mark.parametrize("job", ["windows", "threaded", "real"])
def test_every_job_ends_well_whichever_way_the_window_goes(job, way):
    test_a_process_ends_well_and_silently(job, way)
