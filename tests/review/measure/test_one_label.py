"""A mask of label 1 or 2 alone may not tell its parts apart, and that is said."""

from __future__ import annotations

import numpy as np
import pytest

from napari_acs.imaging.grid import Grid
from napari_acs.review.measure.change import measure_change
from napari_acs.review.measure.one_label import (
    OEDEMA_ALONE,
    ONE_LABEL,
    compared_note,
    one_label_note,
)
from napari_acs.review.measure.tumour import measure_tumour

GRID = Grid((4, 4, 4), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


@pytest.mark.parametrize(
    ("held", "said"),
    [((1,), ONE_LABEL), ((2,), OEDEMA_ALONE), ((3,), ""), ((1, 2), ""), ((1, 3), ""), ((), "")],
)
def test_it_is_said_of_label_1_alone_and_of_2(held, said):
    labels = np.zeros(GRID.shape, np.uint8)
    labels[1, 1, : len(held)] = held
    assert one_label_note(measure_tumour(labels, GRID)) == said


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


def test_a_core_that_has_gone_from_a_mask_of_one_colour_is_no_response():
    parts = np.zeros(GRID.shape, np.uint8)
    parts[1:3, 1:3, 1:3] = 2
    parts[1, 1, 1] = 3
    change = measure_change(parts, GRID, 2 * (parts > 0).astype(np.uint8), GRID)
    assert change.regions["ET"].volume_category == "CR"
    assert change.note.startswith("The mask of the later exam holds label 2 alone")
