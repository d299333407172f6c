"""The Correct panel on a mask of a review: its steps are the session's, and can all be undone."""

# ruff: noqa: PLC0415
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from widgets.correct_case import choose, run, show
from widgets.correct_case import click as press_button
from widgets.review_hands import click, kept, mask, open_session, saving, settle
from widgets.review_studies import GRIDS

from napari_acs.review.session.session import read_session
from napari_acs.viewer import applying
from napari_acs.viewer.review_order import ScreenOrder


@pytest.fixture
def both(new_dock, qtbot, session):
    """Return the Review dock with a case, and the Correct dock beside it."""
    from napari_acs.widgets.correct_dock import CorrectDock

    dock = new_dock()
    open_session(dock, qtbot, session)
    correct = CorrectDock(dock.viewer)
    dock.viewer.window.add_dock_widget(correct, name="Correct")
    correct.target.choose(mask(dock))
    yield dock, correct
    correct.jobs.drop()


def is_kept(session, layer) -> bool:
    return np.array_equal(kept(session, 1), ScreenOrder(GRIDS[0]).off_screen(layer.data))


def test_a_tool_s_change_in_pieces_is_one_step_of_the_session(both, qtbot, session, monkeypatch):
    monkeypatch.setattr(applying, "_AT_ONCE", 7)
    dock, correct = both
    layer = mask(dock)
    before = layer.data.copy()
    with saving(dock, qtbot):
        run(correct, qtbot, "grow")
    settle(dock, qtbot)
    grown = layer.data.copy()
    assert np.count_nonzero(grown != before) > 50 and is_kept(session, layer)
    assert read_session(session).masks[dock.cases.now.state.position.mask].steps == 1
    with saving(dock, qtbot):
        click(dock, "undo")
    np.testing.assert_array_equal(layer.data, before)
    with saving(dock, qtbot):
        click(dock, "redo")
    np.testing.assert_array_equal(layer.data, grown)


def test_undo_by_key_in_a_stroke_is_kept_as_it_is_seen(both, qtbot, session):
    dock, correct = both
    layer, dims = mask(dock), dock.viewer.dims
    at = np.array(layer.data.shape) // 2
    show(correct, layer, at)
    choose(correct, "ET")
    with saving(dock, qtbot):
        layer.data_setitem(tuple(np.array([i]) for i in (0, 0, 0)), 1)
    before = layer.data.copy()
    press_button(correct, "paint")
    event = SimpleNamespace(
        type="mouse_press",
        button=1,
        modifiers=(),
        position=layer.data_to_world(at),
        dims_displayed=list(dims.displayed),
        dims_point=list(dims.point),
    )
    with saving(dock, qtbot):  # what a stroke has done is on the disk before it ends
        stroke = correct.mouse.brush(layer, event)
        next(stroke)
    assert not np.array_equal(layer.data, before)
    (undo,) = [act for key, act in layer.keymap.items() if str(key) == "Ctrl+Z"]
    with saving(dock, qtbot):
        undo(layer)
    settle(dock, qtbot)
    np.testing.assert_array_equal(layer.data, before)
    assert is_kept(session, layer)
    with saving(dock, qtbot):
        layer.undo()
    assert layer.data[0, 0, 0] != 1 and is_kept(session, layer)


def test_undo_in_a_review_goes_beyond_the_hundred_steps_of_napari(both, qtbot, session):
    dock, correct = both
    layer = mask(dock)
    before = layer.data.copy()
    states = [before]
    for number in range(105):
        with saving(dock, qtbot):
            at = np.unravel_index(2 * number, before.shape)
            layer.data_setitem(tuple(np.array([i]) for i in at), 3 - before[at])
        states.append(layer.data.copy())
    for _ in range(20):
        with saving(dock, qtbot):
            for _ in range(5):  # as fast as a key repeats itself
                press_button(correct, "undo")
    settle(dock, qtbot)
    np.testing.assert_array_equal(layer.data, states[5])
    press_button(correct, "undo")
    assert "Undo of the Review panel goes back" in correct.said
    for left in (4, 3, 2, 1, 0):
        with saving(dock, qtbot):
            click(dock, "undo")
        settle(dock, qtbot)
        np.testing.assert_array_equal(layer.data, states[left])
    assert is_kept(session, layer)
