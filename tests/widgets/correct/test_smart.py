"""Smart clicks in the Correct panel: how far they grow, which radius they have, one undo each."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox, QComboBox
from scipy import ndimage
from superqt import QLabeledDoubleSlider
from widgets.correct_case import (
    CENTRE,
    WAIT,
    choose,
    click,
    drag,
    find,
    half_cut_away,
    middle,
    show,
    undone,
)

from napari_acs.review.correct import Change


@pytest.mark.parametrize("ball", [False, True])
def test_a_smart_click_grows_to_the_edge_in_the_images_and_is_one_step(dock, mask, qtbot, ball):
    """Where ET was cut away, one click of 15 mm paints it anew; one takes away what is too much."""
    gone, at = half_cut_away(dock, mask, ball=ball)
    before = mask.data.copy()
    radius = find(dock, QLabeledDoubleSlider, "radius")
    usual = radius.value()
    click(dock, "smart_paint")
    assert radius.value() == 15.0 and mask.cursor_size == pytest.approx(30.0)
    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        drag(dock, mask, at)
    assert heard.args[0] == "smart_paint" and isinstance(heard.args[1], Change), dock.said
    assert dock.said.startswith("ET painted from a click on, up to 15 mm away")
    here = np.ones(CENTRE.shape, bool) if ball else np.indices(CENTRE.shape)[0] == at[0]
    painted = mask.data != before
    assert (mask.data[painted] == 3).all() and not (painted & ~here).any()
    assert (painted & gone).sum() > 0.8 * (gone & here).sum()
    far = ndimage.distance_transform_edt(CENTRE != 3, sampling=mask.scale)
    assert far[painted].max() < 2.0, "the images are looked at with a blur of 1 mm"
    undone(mask, before)
    click(dock, "paint")
    assert radius.value() == usual, "the brush keeps its own"
    ground = np.array([at[0], 4, 5])
    find(dock, QCheckBox, "ball").setChecked(False)
    choose(dock, "WT")
    drag(dock, mask, ground)
    spilt = mask.data.copy()
    click(dock, "smart_erase")
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        drag(dock, mask, ground)
    erased = mask.data != spilt
    assert erased.sum() > 5 and (mask.data[erased] == 0).all()
    assert not (erased & (CENTRE > 0)).any()
    undone(mask, spilt)


def test_only_images_on_the_grid_of_the_mask_are_looked_at(dock, mask, viewer):
    t1 = viewer.layers["T1"]
    other = {"moved": {"translate": t1.translate + t1.scale}, "finer": {"scale": t1.scale / 2}}
    for name, place in other.items():
        viewer.add_image(
            t1.data.copy(), name=name, **{"scale": t1.scale, "translate": t1.translate} | place
        )
    viewer.add_image(t1.data[:-1].copy(), name="cut", scale=t1.scale, translate=t1.translate)
    fits = viewer.add_image(t1.data.copy(), name="T2", scale=t1.scale, translate=t1.translate)
    viewer.layers.selection.active = mask
    assert dock.panel.brush.images == (t1, fits)
    box = find(dock, QComboBox, "range_image")
    assert [box.itemText(i) for i in range(box.count())] == ["T1", "T2"]


def test_a_smart_click_without_an_image_is_refused(dock, mask, qtbot):
    dock.viewer.layers.remove("T1")
    before = mask.data.copy()
    show(dock, mask, middle())
    click(dock, "smart_paint")
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        drag(dock, mask, middle())
    assert "needs an image" in dock.said
    np.testing.assert_array_equal(mask.data, before)
