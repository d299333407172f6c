"""A study that is segmented, and another one that waits."""

from __future__ import annotations

import pytest
from widgets.fakes import GRID
from widgets.queued import MS, OTHER, checked, click


@pytest.fixture
def two(dock, add, qtbot, job):
    """A runs and is held up; B is open, chosen, and waits."""
    a = add("T1 A", GRID, "A", "t1")
    job.go.clear()
    click(qtbot, dock, "segment")
    qtbot.waitUntil(lambda: len(job.requests) == 1, timeout=MS)
    b = add("T1 B", OTHER, "B", "t1")
    checked(qtbot, dock)
    click(qtbot, dock, "segment")
    return a, b
