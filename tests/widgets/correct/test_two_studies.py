"""Two patients open at once: what is taken of the one never counts for the other."""

# ruff: noqa: PLC0415
from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox, QComboBox
from widgets.correct_case import (
    CENTRE,
    GRID,
    WAIT,
    choose,
    click,
    drag,
    find,
    half_cut_away,
    image,
    labels,
    middle,
    show,
)


def names(dock):
    box = find(dock, QComboBox, "range_image")
    return [box.itemText(i) for i in range(box.count())]


def add_image(viewer, array, study, name):
    from napari.layers import Layer

    from napari_acs.viewer.info import LayerInfo
    from napari_acs.viewer.layers import image_layer

    return viewer.add_layer(
        Layer.create(*image_layer(array, LayerInfo(GRID, None, study, "t2"), name))
    )


@pytest.fixture
def other(viewer, dock, mask):
    """Return another patient's image and mask, on the same grid."""
    from napari.layers import Layer

    from napari_acs.viewer.info import LayerInfo
    from napari_acs.viewer.layers import labels_layer

    noise = np.random.default_rng(5).normal(0, 1000, GRID.shape).astype(np.float32)
    seen = add_image(viewer, noise, "Musterfrau", "T2 Musterfrau")
    info = LayerInfo(GRID, None, "Musterfrau")
    layer = viewer.add_layer(Layer.create(*labels_layer(labels(), info, "mask Musterfrau")))
    return seen, layer


def smart_paint(dock, mask, qtbot):
    """Click where ET was cut away; return what the click painted."""
    _, at = half_cut_away(dock, mask)
    before = mask.data.copy()
    click(dock, "smart_paint")
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        drag(dock, mask, at)
    painted = mask.data != before
    click(dock, "smart_paint")
    while not np.array_equal(mask.data, CENTRE):
        mask.undo()
    return painted


def test_brightness_is_that_of_the_masks_own_study(dock, mask, viewer, qtbot):
    alone = smart_paint(dock, mask, qtbot)
    assert alone.any()
    add_image(viewer, np.flip(image()).copy(), "Musterfrau", "T2 Musterfrau")
    assert not mask.visible, "two heads do not lie on one another"
    for layer in viewer.layers:  # who wants both clicks the eyes
        layer.visible = True
    dock.target.choose(mask)
    assert names(dock) == ["T1"], "the threshold brush and floods"
    np.testing.assert_array_equal(smart_paint(dock, mask, qtbot), alone)


def test_every_mask_is_offered_its_own_images(dock, mask, viewer, other):
    assert names(dock) == ["T2 Musterfrau"]
    dock.target.choose(mask)
    assert names(dock) == ["T1"]
    unknown = viewer.add_image(
        mask.data.astype(np.float32), scale=mask.scale, translate=mask.translate, name="map"
    )
    viewer.layers.selection.active = mask
    assert names(dock) == ["T1", "map"], "it may be of either"
    unknown.name = "perfusion"
    assert names(dock) == ["T1", "perfusion"]


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("T2 Musterfrau - Labels", ["T2 Musterfrau"]),
        ("T1 - Labels", ["T1"]),
        ("Labels", ["T1", "T2 Musterfrau"]),
    ],
)
def test_a_mask_begun_in_napari_is_of_the_image_it_is_named_after(
    dock, mask, viewer, other, name, offered
):
    place = {"scale": mask.scale, "translate": mask.translate}
    viewer.add_labels(np.zeros_like(mask.data), name=name, **place)
    assert names(dock) == offered


def test_where_nobody_knows_a_smart_click_looks_at_the_study_of_the_chosen_image(
    dock, mask, viewer, qtbot
):
    alone = smart_paint(dock, mask, qtbot)
    noise = np.random.default_rng(5).normal(0, 1000, GRID.shape).astype(np.float32)
    add_image(viewer, noise, "Musterfrau", "T2 Musterfrau")
    place = {"scale": mask.scale, "translate": mask.translate}
    begun = viewer.add_labels(mask.data.copy(), name="Labels", **place)
    box = find(dock, QComboBox, "range_image")
    found = {}
    for index in (0, 1):
        box.setCurrentIndex(index)
        found[box.currentText()] = smart_paint(dock, begun, qtbot)
    np.testing.assert_array_equal(found["T1"], alone)
    assert not np.array_equal(found["T2 Musterfrau"], alone)


@pytest.mark.parametrize("how", ["translate", "rotate"])
def test_an_image_that_was_moved_since_counts_for_nothing(dock, mask, viewer, qtbot, how):
    t1 = viewer.layers["T1"]
    if how == "translate":
        t1.translate = t1.translate + t1.scale * 2
    else:
        t1.rotate = (20.0, 0.0, 0.0)
    before = mask.data.copy()
    show(dock, mask, middle())
    for tool in ("smart_paint", "flood"):
        click(dock, tool)
        with qtbot.waitSignal(dock.finished, timeout=WAIT):
            drag(dock, mask, middle())
        assert "'T1' does not lie on the mask 'mask' any more" in dock.said
    find(dock, QCheckBox, "by_range").setChecked(True)
    choose(dock, "ET")
    click(dock, "paint")
    drag(dock, mask, middle())
    assert "'T1' does not lie on the mask 'mask' any more" in dock.said
    np.testing.assert_array_equal(mask.data, before)


def test_the_study_before_is_hidden_and_what_is_said_of_its_mask_stays(viewer, dock, mask):
    other = add_image(viewer, np.zeros(GRID.shape, np.float32), "Musterfrau", "T2 Musterfrau")
    assert not mask.visible and other.visible
    assert "lie over" in dock.said
    viewer.layers.remove(mask)
    add_image(viewer, np.zeros(GRID.shape, np.float32), "Mustermann", "T2 Mustermann")
    assert not other.visible
    assert dock.said.startswith("'Musterfrau' is hidden while 'Mustermann' is shown")
