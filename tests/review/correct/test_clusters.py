"""Work near a mask's clusters gives what the same work on all of it gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_acs.review.correct.clusters import near_mask


@settings(max_examples=60)
@given(
    seed=st.integers(0, 9999),
    points=st.integers(0, 8),
    reach=st.tuples(*[st.integers(1, 20)] * 3),
    shape=st.tuples(*[st.integers(1, 90)] * 3),
)
def test_a_dilation_near_the_mask_is_the_dilation(seed, points, reach, shape):
    rng = np.random.default_rng(seed)
    mask = np.zeros(shape, bool)
    for at in rng.integers(0, shape, (points, 3)):
        mask[tuple(slice(i, i + 3) for i in at)] = True
    looked_at = []

    def work(part):
        looked_at.append(part.size)
        size = [2 * r + 1 for r in reach]
        return ndimage.maximum_filter(part.view(np.uint8), size, mode="constant") > 0

    made = near_mask(mask, reach, work)
    assert np.array_equal(made, work(mask))
    assert bool(looked_at[:-1]) == mask.any()


def test_the_space_between_clusters_is_not_looked_at():
    mask = np.zeros((200, 200, 200), bool)
    mask[10:14, 10:14, 10:14] = mask[180:184, 180:184, 180:184] = True
    looked_at = []
    near_mask(mask, (3, 3, 3), lambda part: looked_at.append(part.shape) or part)
    assert looked_at == [(10, 10, 10), (10, 10, 10)]


def test_clusters_that_feel_each_other_are_worked_on_together_in_a_box_of_what_work_needs():
    mask = np.zeros((200, 200, 200), bool)
    mask[10:14, 10:14, 10:14] = mask[60:64, 10:14, 10:14] = True
    looked_at = []
    near_mask(mask, (3, 3, 3), lambda part: looked_at.append(part.shape) or part, (25, 25, 25))
    assert looked_at == [(60, 10, 10)]
