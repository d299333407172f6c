"""From one case to the next: nothing of one patient stays, whatever is clicked and when."""

from __future__ import annotations

import gc

import numpy as np
from napari.layers import Image
from widgets.review_hands import WAIT, click, close, kept, mask, open_session, paint, settle
from widgets.review_studies import GRIDS, labels_on

from napari_acs.errors import BadInput
from napari_acs.imaging import SEQUENCES
from napari_acs.viewer.info import info_in
from napari_acs.viewer.review_order import ScreenOrder
from napari_acs.viewer.snapshot import snapshot_study


def kinds(dock) -> list[str]:
    return [layer.name.split()[0] for layer in dock.viewer.layers]


def cases(dock) -> set[str]:
    return {info_in(layer.metadata).study for layer in dock.viewer.layers}


def test_the_image_on_top_and_the_mask_come_first(new_dock, qtbot, session):
    dock = new_dock()
    first = []
    dock.begun.connect(lambda _: first.append(kinds(dock)))
    with qtbot.waitSignal(dock.complete, timeout=WAIT):
        open_session(dock, qtbot, session)
    assert first == [["FLAIR", "My"]]
    assert kinds(dock) == ["T1", "FLAIR", "My"]
    assert dock.viewer.layers.selection.active is mask(dock)
    assert dock.cases.screen.layers[0] is dock.viewer.layers[0]
    paint(dock, qtbot, (5, 5, 5))
    painted = np.array(mask(dock).data)

    with qtbot.waitSignal(dock.complete, timeout=WAIT):
        click(dock, "next")
    assert cases(dock) == {dock.cases.now.state.items[2].case}
    assert not mask(dock).data.any()
    mask(dock).undo()  # takes back nothing of the patient before
    assert not mask(dock).data.any()
    close(dock, qtbot)
    assert not dock.viewer.layers
    assert np.array_equal(kept(session, 1), ScreenOrder(GRIDS[0]).off_screen(painted))
    assert not kept(session, 2).any()


def test_a_study_that_is_not_all_there_yet_is_not_segmented(new_dock, qtbot, session):
    dock = new_dock()
    said = []

    def ask() -> None:
        there = [each for each in dock.viewer.layers if isinstance(each, Image)]
        try:
            study = snapshot_study(dict(zip(SEQUENCES, there, strict=False)))
        except BadInput as refusal:
            said.append(refusal.sentence())
        else:
            said.append(len(study.layers))

    dock.begun.connect(ask)
    dock.viewer.layers.events.inserted.connect(ask)
    with qtbot.waitSignal(dock.complete, timeout=WAIT):
        open_session(dock, qtbot, session)
    ask()
    refusals = [each for each in said if isinstance(each, str)]
    assert refusals
    assert all("still being opened" in each for each in refusals)
    assert said[-1] == 2
    assert 1 not in said[1:], "segmented while an image was missing"


def test_hasty_clicks_leave_one_case_alone_on_screen(new_dock, qtbot, session):
    dock = new_dock()
    open_session(dock, qtbot, session)  # its other image is not there yet
    for number, item in enumerate((2, 1, 3, 1, 2, 1)):
        dock.open_case(item)
        for _ in range(number):  # so many pieces of the work are done before the next click
            qtbot.wait(1)
    # The first case is item 1, too: on a slow machine it is there still when all was clicked.
    asked = dock.cases.keeping
    qtbot.waitUntil(lambda: not asked.leaving and dock.cases.opening is None, timeout=WAIT)
    qtbot.waitUntil(lambda: dock.cases.item == 1 and len(dock.viewer.layers) == 3, timeout=WAIT)
    settle(dock, qtbot)
    qtbot.wait(100)
    assert kinds(dock) == ["T1", "FLAIR", "My"]
    assert cases(dock) == {dock.cases.now.state.items[1].case}
    assert np.array_equal(mask(dock).data, ScreenOrder(GRIDS[0]).on_screen(labels_on(GRIDS[0])))
    dock.open_case(2)  # and closed in the midst of it
    close(dock, qtbot)
    qtbot.wait(100)
    assert not dock.viewer.layers and not dock.cases.screen.layers


def test_closing_the_moment_a_case_is_there_ends_it_whole(new_dock, qtbot, session):
    dock = new_dock()
    dock.begun.connect(lambda _: dock.close_session())
    open_session(dock, qtbot, session)
    settle(dock, qtbot)
    qtbot.waitUntil(lambda: not dock.viewer.layers, timeout=WAIT)
    assert dock.cases.item is None and not dock.cases.screen.layers
    assert np.array_equal(kept(session, 1), labels_on(GRIDS[0]))


def test_collections_pass_over_what_was_there_while_a_session_is_open(
    new_dock, qtbot, session, monkeypatch
):
    frozen = []  # the tests themselves have some objects passed over
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(1))
    monkeypatch.setattr(gc, "unfreeze", frozen.clear)
    monkeypatch.setattr(gc, "get_freeze_count", lambda: len(frozen))
    dock = new_dock()
    open_session(dock, qtbot, session)
    assert frozen == [1]
    close(dock, qtbot)
    assert frozen == []
    layer = dock.viewer.add_image(np.zeros((2, 2, 2)))
    open_session(dock, qtbot, session)
    assert frozen == [1]
    dock.viewer.layers.remove(layer)
    assert frozen == [], "the layer could not be freed"
    qtbot.waitUntil(lambda: frozen == [1], timeout=WAIT)
    close(dock, qtbot)
    assert frozen == []
    frozen.append(2)
    open_session(dock, qtbot, session)
    close(dock, qtbot)
    assert frozen == [2], "somebody else's"
