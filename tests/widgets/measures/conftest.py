"""The Correct dock with a case that is measured; napari is imported inside the fixtures."""

# ruff: noqa: PLC0415
from __future__ import annotations

from dataclasses import replace
from threading import Event

import pytest
from widgets.correct_case import WAIT, add_case


@pytest.fixture
def asked(tmp_path):
    return tmp_path


@pytest.fixture
def dock(viewer, qtbot, asked):
    from napari_acs.widgets.correct_dock import CorrectDock

    add_case(viewer)
    dock = CorrectDock(viewer, ask=lambda _, name: asked / name)
    with qtbot.waitSignal(dock.measuring.cost.costed, timeout=WAIT):
        viewer.window.add_dock_widget(dock, name="Correct")
    return dock


@pytest.fixture
def mask(dock):
    return dock.target.layer


@pytest.fixture
def gate(monkeypatch):
    """Hold what a worker calls back until it is let go."""
    from napari_acs.widgets import measure_cost, measures

    def held(name):
        started, go = Event(), Event()
        module = measure_cost if name == "cost_of" else measures
        work = getattr(module, name)

        def slow(request, *args):
            if name == "measure":
                request = replace(request, mask=request.mask.copied())
            started.set()
            assert go.wait(20)
            return work(request, *args)

        monkeypatch.setattr(module, name, slow)
        return started, go

    return held
