"""A worker that is still at work when Python ends."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from time import sleep
from qtpy.QtWidgets import QApplication
from napari_acs.widgets.working import in_worker
app = QApplication([])
in_worker(sleep, 1.5, done=print)
app.processEvents()
"""


def test_a_script_that_never_ran_the_event_loop_ends_well():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
