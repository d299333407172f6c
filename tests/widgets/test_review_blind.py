"""A blinded read is not unblinded by the other panels, nor by what is opened beside it."""

# ruff: noqa: PLC0415
from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtWidgets import QPushButton
from widgets.fakes import FakeCheck, FakeJob, FakePrepare, not_looked_at
from widgets.review_hands import (
    WAIT,
    add_segmentation,
    click,
    close,
    decide,
    mask,
    open_session,
    paint,
    settle,
    step,
)
from widgets.review_studies import make

from napari_acs.errors import BadInput
from napari_acs.inference.messages import Failure
from napari_acs.viewer.read_blind import NOT_SAID, refuse_blind
from napari_acs.viewer.reader import read


def names(viewer):
    return [layer.name for layer in viewer.layers]


def is_read_blind(layers):
    try:
        refuse_blind(layers, "It")
    except BadInput:
        return True
    return False


def add_file(viewer, path):
    from napari.layers import Layer

    for described in read(str(path)):
        viewer.add_layer(Layer.create(*described))


def segment_dock(viewer, qtbot):
    from napari_acs.models.spec import GLIOMA_OUTPUT
    from napari_acs.widgets.catalogue import Catalogue, ModelChoice
    from napari_acs.widgets.dock import SegmentDock

    catalogue = Catalogue((ModelChoice("m", "Model", GLIOMA_OUTPUT),), "m", ("auto", "cpu"))
    job = FakeJob()
    dock = SegmentDock(
        viewer,
        job,
        lambda: catalogue,
        lambda *_: None,
        FakeCheck(),
        FakePrepare(),
        recognise=not_looked_at,
    )
    with qtbot.waitSignal(dock.ready, timeout=WAIT):
        viewer.window.add_dock_widget(dock, name="Segment")
    return dock, job


@pytest.mark.parametrize("ai", ["hidden", "after"])
def test_what_is_opened_beside_a_blinded_read_is_put_aside_and_comes_back(
    new_dock, qtbot, tmp_path, ai
):
    path = make(tmp_path / "studies", ai=ai)
    given = tmp_path / "studies" / "one" / "one_seg.nii.gz"
    dock = new_dock()
    add_file(dock.viewer, given)  # before the session
    (early,) = names(dock.viewer)
    open_session(dock, qtbot, path)
    assert early in dock.said and "read without the masks of others" in dock.said
    assert early not in names(dock.viewer)
    own = mask(dock)
    own_layers = names(dock.viewer)
    qtbot.waitUntil(lambda: len(dock.cases.screen.layers) == 3, timeout=WAIT)
    own_layers = names(dock.viewer)

    add_segmentation(dock)  # a mask and its map of uncertainty
    assert not any(one.visible for one in dock.viewer.layers if one.name not in own_layers)
    qtbot.waitUntil(lambda: names(dock.viewer) == own_layers, timeout=WAIT)
    assert "segmentation " in dock.said
    with qtbot.waitSignal(dock.told, timeout=WAIT):
        add_file(dock.viewer, given)
    assert names(dock.viewer) == own_layers
    assert dock.viewer.layers.selection.active is own

    dock.viewer.add_labels(np.zeros(own.data.shape, np.uint8), name="mine, too")
    qtbot.wait(50)
    assert "mine, too" in names(dock.viewer), "an empty one, drawn by the reader"
    decide(dock, qtbot, "accept")
    assert is_read_blind(dock.viewer.layers), "decided, and not revealed"
    if ai == "after":
        click(dock, "reveal")
        settle(dock, qtbot)
        assert dock.viewer.layers.selection.active.name == "mine, too", "what was in hand"
        assert not dock.panel.findChild(QPushButton, "take").isHidden()
    else:
        step(dock, qtbot)
        assert early not in names(dock.viewer), "the next one is blinded, too"
        close(dock, qtbot)
    assert not is_read_blind(dock.viewer.layers)
    back = [one for one in dock.viewer.layers if one.name not in (*own_layers, "mine, too")]
    assert len(back) == 4 and early in [one.name for one in back]
    assert not any(one.visible for one in back)


def test_no_model_is_asked_about_a_blinded_read(new_dock, qtbot, tmp_path):
    path = make(tmp_path / "studies", ai="after")
    dock = new_dock()
    segment, job = segment_dock(dock.viewer, qtbot)
    open_session(dock, qtbot, path)
    qtbot.waitUntil(lambda: len(dock.cases.screen.layers) == 3, timeout=WAIT)
    segment.segment()
    assert "A segmentation would show what a model makes of it" in segment.said
    assert "Decide it, and click 'Show the masks of others'" in segment.said
    assert not segment.busy
    copied = dock.viewer.add_layer(type(mask(dock)).create(*mask(dock).as_layer_data_tuple()))
    paint(dock, qtbot, (5, 5, 5))
    decide(dock, qtbot, "accept")
    click(dock, "reveal")
    settle(dock, qtbot)
    assert copied in dock.viewer.layers
    segment.segment()
    assert "would show" not in segment.said and segment.busy
    job.go.set()
    qtbot.waitUntil(lambda: not segment.busy, timeout=WAIT)


@pytest.mark.parametrize("empty", [False, True], ids=["a mask", "nothing found"])
def test_a_segmentation_that_was_on_its_way_is_not_shown_over_a_blinded_read(
    new_dock, qtbot, tmp_path, empty
):
    path = make(tmp_path / "studies", ai="hidden")
    dock = new_dock()
    segment, job = segment_dock(dock.viewer, qtbot)
    job.ending = Failure("No tumour was found", "", "", "empty") if empty else None
    told = []
    segment.segmenting.empty.connect(lambda *_: told.append(_))
    from napari.layers import Layer

    for described in read(str(tmp_path / "studies" / "two")):
        if described[2] == "image":
            dock.viewer.add_layer(Layer.create(*described))
    job.go.clear()
    segment.segment()
    qtbot.waitUntil(lambda: bool(job.requests), timeout=WAIT)
    open_session(dock, qtbot, path)
    qtbot.waitUntil(lambda: len(dock.cases.screen.layers) == 3, timeout=WAIT)
    before = names(dock.viewer)
    point = dock.viewer.dims.point
    with qtbot.waitSignal(segment.finished, timeout=WAIT):
        job.go.set()
    qtbot.waitUntil(lambda: names(dock.viewer) == before, timeout=WAIT)
    assert dock.viewer.dims.point == point
    assert segment.said.endswith(NOT_SAID) and not told
    assert "found" not in segment.said and "Done" not in segment.said
    close(dock, qtbot)
    if empty:
        return
    (found,) = [one for one in dock.viewer.layers if one.name.startswith("segmentation ")]
    assert not found.visible


def test_a_classification_is_refused(monkeypatch, new_dock, qtbot, tmp_path):
    from napari_acs.widgets import classify_dock

    dock = new_dock()
    open_session(dock, qtbot, make(tmp_path / "studies", ai="hidden"))
    stand_in = SimpleNamespace(panel=SimpleNamespace(spec=object()), viewer=dock.viewer)
    with pytest.raises(BadInput, match=r"A classification would show.*Close the session first"):
        classify_dock.ClassifyDock._request(stand_in)
    close(dock, qtbot)
    refuse_blind(dock.viewer.layers, "A classification")


def test_the_card_of_a_classification_that_was_on_its_way_is_not_shown(new_dock, qtbot, tmp_path):
    from napari_acs.widgets.classify_dock import ClassifyDock

    dock = new_dock()
    classify = ClassifyDock(dock.viewer)
    dock.viewer.window.add_dock_widget(classify)
    open_session(dock, qtbot, make(tmp_path / "studies", ai="hidden"))
    with qtbot.waitSignal(classify.finished, timeout=WAIT):
        classify._on_ended(object(), object())  # what it is made of is not looked at
    assert classify.said == NOT_SAID
    close(dock, qtbot)
