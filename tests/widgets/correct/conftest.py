"""The Correct dock in a viewer with one case; napari is imported inside the fixtures."""

# ruff: noqa: PLC0415
from __future__ import annotations

import pytest
from widgets.correct_case import add_case


@pytest.fixture
def dock(viewer):
    from napari_acs.widgets.correct_dock import CorrectDock

    add_case(viewer)
    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock, name="Correct")
    yield dock
    dock.jobs.drop()


@pytest.fixture
def mask(dock):
    return dock.target.layer
