"""The Models dock with a made-up store, which can be held up."""

from __future__ import annotations

import pytest
from widgets.fake_models import FakeStore
from widgets.models.hands import MS


@pytest.fixture
def store():
    return FakeStore()


@pytest.fixture
def answers():
    """What the two questions are answered with, and what was asked."""
    return {"path": None, "yes": True, "asked": []}


@pytest.fixture
def models(viewer, qtbot, store, answers):
    from napari_acs.widgets.models_dock import ModelsDock  # noqa: PLC0415

    def confirm(_window, question):
        answers["asked"].append(question)
        return answers["yes"]

    dock = ModelsDock(viewer, store.actions(), lambda *_: answers["path"], confirm)
    with qtbot.waitSignal(dock.verified, timeout=MS):
        viewer.window.add_dock_widget(dock, name="Models")
    yield dock
    store.go.set()
    store.check.set()
