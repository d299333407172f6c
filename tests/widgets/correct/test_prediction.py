"""What was corrected: taken back, shown alone, and compared with another mask."""

# ruff: noqa: PLC0415
from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel
from widgets.correct_case import (
    CENTRE,
    GRID,
    WAIT,
    add_case,
    click,
    drag,
    find,
    labels,
    middle,
    run,
    show,
    stored,
    undone,
)

from napari_acs.review.correct import ONLY_FIRST, ONLY_SECOND, OTHER_LABEL


def against(dock) -> str:
    return find(dock, QLabel, "against").text()


def test_corrections_are_taken_back_one_by_one_or_all(dock, mask, qtbot):
    first, second = np.array([4, 5, 6]), np.array([4, 30, 20])
    assert "when this panel first saw it" in against(dock)
    show(dock, mask, first)
    click(dock, "paint")
    drag(dock, mask, first)
    one = mask.data.copy()
    drag(dock, mask, second)
    two = mask.data.copy()
    click(dock, "take_back")
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        drag(dock, mask, second)
    np.testing.assert_array_equal(mask.data, one)
    undone(mask, two)
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        drag(dock, mask, middle())
    assert "Nothing was corrected" in dock.said
    run(dock, qtbot, "revert_all")
    np.testing.assert_array_equal(mask.data, CENTRE)
    undone(mask, two)


@pytest.mark.parametrize("four", [False, True])
def test_what_a_model_made_is_the_prediction(viewer, qtbot, four):
    from napari_acs.widgets.correct_dock import CorrectDock

    prediction = np.roll(labels(), 1, axis=0)
    prediction.setflags(write=False)
    layer = add_case(viewer, (1, 2, 4) if four else (1, 2, 3), prediction)
    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock, name="Correct")
    assert "what the model made" in against(dock)
    run(dock, qtbot, "revert_all")
    expected = np.where(prediction == 3, 4 if four else 3, prediction)
    np.testing.assert_array_equal(stored(layer), expected)


def test_only_changes_are_shown_and_followed(dock, mask, qtbot):
    show(dock, mask, np.array([4, 5, 6]))
    click(dock, "paint")
    drag(dock, mask, np.array([4, 5, 6]))
    box = find(dock, QCheckBox, "only_changed")
    with qtbot.waitSignal(dock.differences.shown, timeout=WAIT) as heard:
        box.click()
    (layer,) = heard.args
    assert not mask.visible and dock.viewer.layers.selection.active is mask
    np.testing.assert_array_equal(layer.data > 0, mask.data != CENTRE)
    drag(dock, mask, middle() * (1, 1, 0))
    changed = mask.data != CENTRE
    qtbot.waitUntil(lambda: np.array_equal(layer.data > 0, changed), timeout=WAIT)
    assert dock.target.masks == [mask], "what was changed is no mask itself"
    box.click()
    assert mask.visible and layer not in dock.viewer.layers


def test_what_was_added_taken_away_and_relabelled_is_told_apart(dock, mask, qtbot):
    kinds = ((ONLY_SECOND, 0, 2, "added (pink)"), (ONLY_FIRST, 2, 0, "taken away (blue)"))
    kinds += ((OTHER_LABEL, 3, 1, "relabelled (orange)"),)
    places = {}
    for number, (kind, before, after, _) in enumerate(kinds, 2):
        places[kind] = tuple(np.argwhere(before == CENTRE)[:number].T)
        mask.data_setitem(places[kind], after)
    with qtbot.waitSignal(dock.differences.shown, timeout=WAIT) as heard:
        find(dock, QCheckBox, "only_changed").click()
    (layer,) = heard.args
    for number, (kind, _, _, said) in enumerate(kinds, 2):
        assert (layer.data[places[kind]] == kind).all()
        assert np.count_nonzero(layer.data == kind) == number
        assert f"{number * GRID.voxel_ml:.2f} ml {said}" in dock.said
    red, _, blue, _ = layer.colormap.map(ONLY_SECOND)
    assert red > blue, "pink"
    red, _, blue, _ = layer.colormap.map(ONLY_FIRST)
    assert blue > red
    assert layer.colormap.map(0)[3] == 0, "what is the same is not seen"


@pytest.mark.parametrize("closed", ["panel", "window"])
def test_a_panel_that_is_closed_shows_the_mask_again(dock, mask, viewer, qtbot, closed):
    before = [layer.name for layer in viewer.layers]
    find(dock, QCheckBox, "show_range").click()
    with qtbot.waitSignal(dock.differences.shown, timeout=WAIT):
        find(dock, QCheckBox, "only_changed").click()
    assert len(viewer.layers) == len(before) + 2
    with qtbot.waitSignal(dock.destroyed, timeout=WAIT):
        if closed == "panel":
            viewer.window.remove_dock_widget(dock)
            dock.deleteLater()
        else:
            viewer.window.close()
    assert mask.visible and [layer.name for layer in viewer.layers] == before


def test_what_a_mask_was_is_not_known_of_one_that_is_read_piece_by_piece(dock, viewer, qtbot):
    import dask.array as da

    mask, array = dock.target.layer, CENTRE.copy()
    place = {"scale": mask.scale, "translate": mask.translate}
    lazy = viewer.add_labels(da.from_array(array), name="lazy", **place)
    assert dock.target.layer is lazy
    box = find(dock, QCheckBox, "only_changed")
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        box.click()
    assert lazy.visible and not box.isChecked() and "piece by piece" in dock.said
    for tool in ("take_back", "revert_all", "grow"):
        dock.panel.message.clear()
        with qtbot.waitSignal(dock.finished, timeout=WAIT):
            click(dock, tool)
            if tool == "take_back":
                show(dock, lazy, np.array([5, 8, 8]))
                drag(dock, lazy, np.array([5, 8, 8]))
        assert "piece by piece" in dock.said
    cost = find(dock, QLabel, "cost")
    qtbot.waitUntil(lambda: "piece by piece" in cost.text(), timeout=WAIT)
    np.testing.assert_array_equal(lazy.data, array)


def test_two_masks_are_compared(dock, mask, qtbot):
    from napari.layers import Layer

    from napari_acs.viewer.info import LayerInfo
    from napari_acs.viewer.layers import labels_layer

    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        click(dock, "compare")
    assert "no other mask" in dock.said
    other = np.roll(labels(), 2, axis=1)
    info = LayerInfo(GRID, None, "Mustermann")
    dock.viewer.add_layer(Layer.create(*labels_layer(other, info, "second rater")))
    dock.viewer.layers.selection.active = mask
    with qtbot.waitSignal(dock.differences.shown, timeout=WAIT) as heard:
        click(dock, "compare")
    a, b = labels(), other
    kind = np.select([a == b, (a > 0) & (b > 0), a > 0], [0, 3, 1], 2)
    np.testing.assert_array_equal(stored(heard.args[0]), kind)
    ml = np.count_nonzero(kind == 2) * GRID.voxel_ml
    assert f"Only in second rater: {ml:.2f} ml" in dock.said
    elsewhere = dock.viewer.add_labels(mask.data.copy(), name="elsewhere", scale=mask.scale * 2)
    dock.viewer.layers.selection.active = mask
    box = find(dock, QComboBox, "other_mask")
    box.setCurrentIndex(box.findText(elsewhere.name))
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        click(dock, "compare")
    assert "two masks on one grid" in dock.said


def test_masks_that_cannot_be_compared_are_refused_once_and_stay_on_screen(
    dock, mask, qtbot, monkeypatch
):
    """napari would show what a worker raises as a fault, beside the panel's sentence."""
    raised = []
    monkeypatch.setattr("sys.excepthook", lambda *error: raised.append(error))
    mask.data_setitem(tuple(np.array([i]) for i in (0, 0, 0)), 4)  # 3 is there, too
    place = {"scale": mask.scale, "translate": mask.translate}
    dock.viewer.add_labels(CENTRE.copy(), name="other", **place)
    dock.target.choose(mask)
    click(dock, "compare")
    qtbot.waitUntil(lambda: "both 3 and 4" in dock.said, timeout=WAIT)
    dock.panel.message.clear()
    only = find(dock, QCheckBox, "only_changed")
    only.setChecked(True)
    qtbot.waitUntil(lambda: "both 3 and 4" in dock.said, timeout=WAIT)
    assert mask.visible and not only.isChecked()
    assert not raised


def test_a_mask_is_compared_with_one_that_is_read_piece_by_piece(dock, mask, qtbot):
    dask = pytest.importorskip("dask.array")
    other = np.where(CENTRE == 3, 1, CENTRE).astype(np.uint8)
    place = {"scale": mask.scale, "translate": mask.translate}
    dock.viewer.add_labels(dask.from_array(other), name="other", **place)
    dock.target.choose(mask)
    with qtbot.waitSignal(dock.differences.shown, timeout=WAIT) as heard:
        click(dock, "compare")
    np.testing.assert_array_equal(heard.args[0].data == OTHER_LABEL, CENTRE == 3)
