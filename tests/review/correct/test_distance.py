"""Distances in mm, held to scipy's exact transform."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review.correct.masks import seeds, spacings
from scipy.ndimage import distance_transform_edt

from napari_acs.review.correct.distance import signed_distance, squared_distance


@settings(max_examples=150)
@given(
    seed=seeds,
    shape=st.lists(st.integers(1, 12), min_size=2, max_size=3),
    spacing=spacings,
    part=st.sampled_from([0.02, 0.3, 0.97]),
)
def test_distances_equal_scipys_in_two_and_three_dimensions(seed, shape, spacing, part):
    mask = np.random.default_rng(seed).random(shape) < part
    mask.flat[0] = True
    sides = spacing[: mask.ndim]
    expected = distance_transform_edt(~mask, sides)
    assert np.sqrt(squared_distance(mask, sides)) == pytest.approx(expected, rel=1e-5)
    if not mask.all():
        there = signed_distance(mask, sides)
        assert there == pytest.approx(distance_transform_edt(mask, sides) - expected, rel=1e-5)
        assert np.array_equal(signed_distance(~mask, sides), -there)
        assert np.array_equal(there > 0, mask)


def test_an_empty_mask_is_infinitely_far_and_distances_can_be_cut_off():
    none = np.zeros((3, 4), bool)
    assert np.isinf(squared_distance(none, (1, 1))).all()
    assert (signed_distance(none, (1, 1), limit=7) == -7).all()
    assert (signed_distance(~none, (1, 1), limit=7) == 7).all()
