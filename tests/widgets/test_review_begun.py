"""What the Correct panel holds against a mask of a review session: what it was begun from."""

# ruff: noqa: PLC0415
from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QLabel
from widgets.correct_case import run
from widgets.review_hands import (
    WAIT,
    add_segmentation,
    click,
    close,
    mask,
    open_session,
    paint,
    saving,
    settle,
)
from widgets.review_studies import GRIDS, labels_on

from napari_acs.review.report.gather import gather
from napari_acs.viewer.review_order import ScreenOrder


def correcting(dock):
    """Open the Correct panel beside the Review panel."""
    from napari_acs.widgets.correct_dock import CorrectDock

    panel = CorrectDock(dock.viewer)
    dock.viewer.window.add_dock_widget(panel, name="Correct")
    assert panel.target.layer is mask(dock)
    return panel


def holds(panel, dock, expected, words: str) -> None:
    """Check what the panel holds against the mask, and that it says so."""
    np.testing.assert_array_equal(panel.target.before.of(mask(dock)), expected)
    assert words in panel.panel.findChild(QLabel, "against").text()


def cost(panel, qtbot):
    """Wait for the edit cost of the mask as it is, against what it is begun from now."""
    found = panel.measuring.cost
    layer = panel.target.layer

    def known():
        return found.found is not None and np.array_equal(found.found.labels, layer.data)

    qtbot.waitUntil(known, timeout=WAIT)
    return found.found.costs


def test_a_promoted_prediction_is_what_corrections_are_held_against(new_dock, qtbot, session):
    order = ScreenOrder(GRIDS[0])
    given = order.on_screen(labels_on(GRIDS[0]))
    dock = new_dock()
    open_session(dock, qtbot, session)
    panel = correcting(dock)
    holds(panel, dock, given, "came with the study")
    promoted = order.on_screen(add_segmentation(dock))
    panel.target.choose(mask(dock))
    click(dock, "take")
    settle(dock, qtbot)
    with saving(dock, qtbot):
        click(dock, "replace")
    np.testing.assert_array_equal(mask(dock).data, promoted)
    holds(panel, dock, promoted, "what the model made")
    assert cost(panel, qtbot)["WT"].dice == 1
    assert "Unchanged from the prediction." in panel.panel.findChild(QLabel, "cost").text()
    follower = dock.cases.follower  # has seen that what was put in place is saved already
    qtbot.waitUntil(lambda: not follower._painted and not follower._timer.isActive(), timeout=WAIT)
    settle(dock, qtbot)  # and looked at the layer: an undo before that would pass for painted
    with saving(dock, qtbot):
        mask(dock).undo()
    settle(dock, qtbot)
    holds(panel, dock, given, "came with the study")
    with saving(dock, qtbot):
        click(dock, "redo")
    holds(panel, dock, promoted, "what the model made")

    paint(dock, qtbot, (1, 1, 1))
    close(dock, qtbot)
    other = new_dock()
    open_session(other, qtbot, session)
    panel = correcting(other)
    holds(panel, other, promoted, "what the model made")
    with saving(other, qtbot):
        run(panel, qtbot, "revert_all")
    np.testing.assert_array_equal(mask(other).data, promoted)
    close(other, qtbot)
    begun = gather([session], item=1).cases[0].begun
    assert begun.origin == "machine", "as in the report"
