"""Outlines lie where they were drawn, in their own shape, whichever mask is corrected."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox
from widgets.correct_case import CENTRE, choose, click, find, middle, run, show


@pytest.fixture
def outline(dock, mask):
    """Return the layer to draw in, over the middle of the mask."""
    show(dock, mask, middle())
    choose(dock, "WT")
    click(dock, "draw_outline")
    return dock.viewer.layers["outline"]


@pytest.fixture
def coarse(dock, mask, viewer, outline):
    """Return another mask: voxels twice as large, begun 4 voxels further in."""
    layer = viewer.add_labels(
        np.full(tuple(n // 2 for n in CENTRE.shape), 2, np.uint8),
        scale=mask.scale * 2,
        translate=mask.translate + 4 * mask.scale,
        units=mask.units,
        name="coarse",
    )
    dock.target.choose(layer)
    return layer


def corners(y0, y1, x0, x1):
    z = middle()[0]
    return np.array([[z, y0, x0], [z, y0, x1], [z, y1, x1], [z, y1, x0]])


@pytest.mark.parametrize("name", ["cut_inside", "revert_box"])
def test_an_outline_over_another_mask_stays_in_its_place(dock, mask, outline, coarse, qtbot, name):
    outline.add_polygons(corners(11.5, 23.5, 9.5, 19.5))
    before = coarse.data.copy()
    if name == "revert_box":
        coarse.data_setitem(np.nonzero(before), 0)
    show(dock, mask, middle())
    run(dock, qtbot, name)
    at = np.argwhere(coarse.data == (2 if name == "revert_box" else 0))
    world = np.array([coarse.data_to_world(each) for each in at])
    assert len({float(z) for z in world[:, 0]}) == 1
    here = np.array([mask.data_to_world(each) for each in outline.data[-1]])
    every = np.argwhere(np.ones_like(before))
    places = np.array([coarse.data_to_world(each) for each in every])
    inside = np.all((places >= here.min(0))[:, 1:] & (places <= here.max(0))[:, 1:], axis=1)
    expected = every[inside & (every[:, 0] == at[0, 0])]
    np.testing.assert_array_equal(at, expected)
    assert len(at) == 6 * 5


def test_an_ellipse_is_round(dock, mask, outline, qtbot):
    centre, radii = np.array([18.0, 15.0]), np.array([9.0, 5.0])
    (low, left), (high, right) = centre - radii, centre + radii
    outline.add_ellipses(corners(low, high, left, right))
    find(dock, QCheckBox, "this_slice").setChecked(False)
    change = run(dock, qtbot, "fill_outline")
    assert len(change)
    y, x = np.indices(CENTRE.shape[1:])
    far = ((y - centre[0]) / radii[0]) ** 2 + ((x - centre[1]) / radii[1]) ** 2
    painted = (mask.data > 0) & (CENTRE == 0)
    assert not (painted & (far > 1.0001)).any()
    assert ((mask.data > 0) | (far > 0.999)).all()


def test_an_outline_is_drawn_in_a_slice_alone(dock, mask):
    dock.viewer.dims.ndisplay = 3
    click(dock, "draw_outline")
    assert "No slice is shown" in dock.said and "outline" not in dock.viewer.layers
