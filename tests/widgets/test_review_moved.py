"""A mask that was shifted on the screen is not vouched for: it is kept where it was."""

import numpy as np
import pytest
from widgets.review_hands import decide, mask, open_session, paint

from napari_acs.review.session.state import ACCEPTED, REJECTED


def status(dock):
    return dock.cases.now.state.items[1].status


@pytest.mark.parametrize("what", ["mask", "image"])
def test_what_was_moved_is_not_accepted_but_saved(new_dock, qtbot, session, what):
    dock = new_dock()
    open_session(dock, qtbot, session)
    qtbot.waitUntil(lambda: len(dock.viewer.layers) == 3)
    layer = mask(dock) if what == "mask" else dock.viewer.layers[0]
    before = layer.affine
    layer.affine = np.array([[1, 0, 0, 0], [0, 1, 0, 2.5], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    paint(dock, qtbot, (5, 5, 5))
    decide(dock, qtbot, "accept")
    assert status(dock) not in (ACCEPTED, REJECTED)
    assert layer.name in dock.panel.message.text() and "was moved" in dock.panel.message.text()
    decide(dock, qtbot, "reject")
    assert status(dock) == REJECTED, "that the mask is bad may be said"
    layer.affine = before
    decide(dock, qtbot, "accept")
    assert status(dock) == ACCEPTED
