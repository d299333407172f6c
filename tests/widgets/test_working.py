"""A worker that is still at work when Python ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

CALL = """
from time import sleep
from qtpy.QtWidgets import QApplication
from napari_acs.widgets.working import in_worker
app = QApplication([])
in_worker(sleep, 1.5, done=print)
app.processEvents()
"""


JOB = """
from time import sleep
from qtpy.QtWidgets import QApplication
from napari_acs.widgets.job import JobRunner
def job(request, cancelled):
    while not cancelled():  # for ever, if nobody says stop
        sleep(0.05)
    sleep(1)
    yield "stopped"
app = QApplication([])
runner = JobRunner(job)
runner.start("a request")
app.processEvents()
"""


@pytest.mark.parametrize("program", [CALL, JOB], ids=["call", "job"])
def test_a_script_that_never_ran_the_event_loop_ends_well(program):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
