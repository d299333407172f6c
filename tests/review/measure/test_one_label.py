"""A mask of label 1 alone cannot tell its parts apart, and that is said."""

from __future__ import annotations

import numpy as np
import pytest

from napari_acs.imaging.grid import Grid
from napari_acs.review.measure.change import measure_change
from napari_acs.review.measure.one_label import ONE_LABEL, compared_note, one_label_note
from napari_acs.review.measure.tumour import measure_tumour

GRID = Grid((4, 4, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


@pytest.mark.parametrize(
    ("held", "said"),
    [((1,), True), ((2,), False), ((3,), False), ((1, 2), False), ((1, 3), False), ((), False)],
)
def test_it_is_said_of_label_1_alone(held, said):
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1, 1, : len(held)] = held
    assert one_label_note(measure_tumour(labels, GRID)) == (ONE_LABEL if said else "")


def test_of_two_dates_it_is_said_which_one_has_it():
    one, parts = np.zeros(GRID.shape, np.uint8), np.zeros(GRID.shape, np.uint8)
    one[1:3, 1:3, 1:3] = 1
    parts[1:3, 1:3, 1:3] = 2
    parts[1, 1, 1] = 3
    whole, told = (measure_tumour(each, GRID) for each in (one, parts))

    assert "of the earlier exam holds" in compared_note(whole, told)
    assert "of the later exam holds" in compared_note(told, whole)
    assert "of the earlier exam and of the later exam holds" in compared_note(whole, whole)
    assert compared_note(told, told) == ""
    assert measure_change(one, GRID, parts, GRID).note == compared_note(whole, told)
