"""What hangs together is what scipy finds in one go, however thin the slabs are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import Cancelled
from napari_acs.review.correct import Band, Canvas, flood, hanging, paint
from napari_acs.review.correct.hanging import hanging_together


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 7), st.integers(1, 8)),
    part=st.floats(0.3, 1.0),
    at_once=st.sampled_from((1, 60, 130, 4_000_000)),
)
def test_parts_of_slabs_that_touch_are_one(seed, shape, part, at_once):
    rng = np.random.default_rng(seed)
    held = rng.random(shape) < part
    at = tuple(rng.integers(0, shape).tolist())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hanging, "_AT_ONCE", at_once)
        found = hanging_together(held, at)
    parts, _ = ndimage.label(held)
    np.testing.assert_array_equal(found, (parts == parts[at]) & held[at] & held)


def test_a_part_that_goes_up_and_down_again_is_one(monkeypatch):
    """Its two legs meet five slabs away from where it begins."""
    monkeypatch.setattr(hanging, "_AT_ONCE", 1)
    held = np.zeros((6, 3, 5), bool)
    held[:, 1, 0] = held[:, 1, 4] = held[5, 1] = True
    held[0, 1, 2] = True  # alone
    found = hanging_together(held, (0, 1, 0))
    held[0, 1, 2] = False
    np.testing.assert_array_equal(found, held)


def test_a_flood_is_stopped_on_its_way(monkeypatch):
    monkeypatch.setattr(hanging, "_AT_ONCE", 400)
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > 5

    with pytest.raises(Cancelled):
        hanging_together(np.ones((40, 20, 20), bool), (0, 0, 0), cancelled=cancelled)
    assert len(asked) == 6


def test_a_flood_that_takes_too_much_is_refused_and_says_how_much():
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[:10] = 2  # painted before: it would be taken all the same
    canvas, everywhere = Canvas(labels, (2.0, 5.0, 5.0)), Band(np.zeros(labels.shape), -1, 1, "T1")
    with pytest.raises(BadInput, match=r"400 ml .* T1 is from -1 to 1.* at most 399 ml"):
        flood(canvas, (5, 5, 5), everywhere, paint("WT"), most_ml=399)
    assert len(flood(canvas, (5, 5, 5), everywhere, paint("WT"), most_ml=400)) == 4000
    flat = flood(canvas, (15, 5, 5), everywhere, paint("WT"), most_ml=399, axis=0)
    assert len(flat) == 400
