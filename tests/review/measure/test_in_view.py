"""Two dates of which one scan shows less: what it cannot show is not gone or new in silence."""

from __future__ import annotations

import numpy as np
import pytest
from imaging.moved import rigid
from review.measure.shapes import ellipsoid, grid_about

from napari_acs.review.measure.change import measure_change, move_grid
from napari_acs.review.measure.in_view import unseen_ml

CENTRE = np.array([20.0, -10.0, 30.0])
GRID = grid_about(CENTRE, (1.0, 1.0, 2.0), 30.0, np.eye(3))
BALL = 3 * ellipsoid(GRID, CENTRE, (9, 9, 9)).astype(np.uint8)
HALF = (slice(0, GRID.shape[0] // 2), slice(0, GRID.shape[1]), slice(0, GRID.shape[2]))
"""A slab that ends in the middle of the ball."""


def test_a_tumour_cut_off_by_a_later_slab_is_not_gone_in_silence():
    change = measure_change(BALL, GRID, BALL[HALF], GRID.crop(HALF))
    assert change.regions["ET"].volume_change_percent < -40
    lost = np.count_nonzero(BALL) - np.count_nonzero(BALL[HALF])
    beyond = lost - np.count_nonzero(BALL[HALF[0].stop])  # its first slice is within an edge
    assert f"{beyond * GRID.voxel_ml:.2f} ml of the earlier tumour lie outside" in change.note
    assert "later tumour" not in change.note


def test_a_lesion_where_the_earlier_slab_did_not_reach_is_new_with_a_word():
    change = measure_change(BALL[HALF] * 0, GRID.crop(HALF), BALL, GRID)
    assert change.regions["ET"].product_category == "PD"
    assert "of the later tumour lie outside of the earlier scan" in change.note


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (0.0, 0.0, 90.0), (30.0, 20.0, 10.0)])
def test_it_is_the_place_in_the_patient_that_counts(turn):
    """The later head lies otherwise; its scan shows all of the tumour."""
    matrix = rigid(CENTRE, (200.0, 0.0, 40.0), turn)
    later = move_grid(GRID, np.linalg.inv(matrix))
    assert measure_change(BALL, GRID, BALL, later, matrix).note == ""
    assert unseen_ml(BALL, GRID, later) == np.count_nonzero(BALL) * GRID.voxel_ml


def test_what_lies_at_the_border_of_both_is_in_both():
    full = np.full(GRID.shape, 2, np.uint8)
    assert unseen_ml(full, GRID, GRID) == 0
    assert unseen_ml(full * 0, GRID, GRID) == 0
