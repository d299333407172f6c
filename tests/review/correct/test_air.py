"""Growing stays out of the air where images tell what is air."""

from __future__ import annotations

import numpy as np
import pytest

from napari_acs.errors import BadInput
from napari_acs.review.correct import Canvas, grow
from napari_acs.review.correct.air import air_in

SHAPE = (12, 16, 18)
WHOLE = tuple(slice(0, n) for n in SHAPE)


def head(air, tissue=100.0):
    made = np.full(SHAPE, air, np.float32)
    made[2:10, 3:13, 3:15] = tissue
    made[5:7, 8:10, 8:10] = air  # fluid
    return made


def tumour():
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:9, 4:9, 4:9] = 2
    return labels


@pytest.mark.parametrize("air", [0.0, -1.5, -1024.0, np.nan])
def test_a_region_grows_to_the_outline_of_the_head_and_into_fluid(air):
    canvas = Canvas(tumour(), (1, 1, 1))
    freely = grow(canvas, "WT", 4.0).applied(canvas.labels) > 0
    change = grow(canvas, "WT", 4.0, images=[head(air)])
    inside = np.zeros(SHAPE, bool)
    inside[2:10, 3:13, 3:15] = True
    assert freely[~inside].any()
    np.testing.assert_array_equal(change.applied(canvas.labels) > 0, freely & inside)
    assert "but not into the air" in change.said


def test_what_one_image_shows_is_no_air_and_what_is_marked_in_the_air_stays():
    shown = head(0.0)
    shown[:, :, 15:] = 50
    shown[0, 0, 0] = shown[-1, -1, -1] = 0  # most corners are air still
    air = air_in(WHOLE, [head(0.0), shown])
    assert not air[5, 8, 16] and air[5, 8, 1]
    labels = tumour()
    labels[5, 5, 1] = 2
    canvas = Canvas(labels, (1, 1, 1))
    made = grow(canvas, "WT", 1.0, images=[head(0.0)]).applied(labels)
    assert made[5, 5, 1] == 2 and made[5, 5, 2] == 0


def test_noise_in_the_air_and_no_image_tell_of_none():
    noise = np.random.default_rng(0).normal(size=SHAPE)
    assert not air_in(WHOLE, []).any()
    assert air_in(WHOLE, [noise]).sum() <= 1
    canvas = Canvas(tumour(), (1, 1, 1))
    assert grow(canvas, "WT", 4.0, images=[noise + 1000]).said.startswith("WT grown by 4 mm: ")


def test_an_image_on_another_grid_is_refused():
    with pytest.raises(BadInput, match="does not fit"):
        grow(Canvas(tumour(), (1, 1, 1)), "WT", 4.0, images=[head(0.0)[1:]])
