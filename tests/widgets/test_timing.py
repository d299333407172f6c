"""The time left is said when it is known, in numbers that a person reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_acs.widgets.timing import time_left


@pytest.mark.parametrize(
    ("elapsed", "fraction", "words"),
    [
        (0.5, 0.5, ""),
        (60, 0.01, ""),
        (60, 1.0, ""),
        (9, 0.9, "a moment left"),
        (10, 0.5, "10 s left"),
        (10, 0.25, "about 30 s left"),
        (60, 0.25, "about 3 min left"),
    ],
)
def test_words(elapsed, fraction, words):
    assert time_left(elapsed, fraction) == words


@given(st.floats(0, 1e5), st.floats(0, 1))
def test_never_a_wrong_number(elapsed, fraction):
    words = time_left(elapsed, fraction)
    numbers = [int(word) for word in words.split() if word.isdigit()]
    for number in numbers:
        said = number * (60 if "min" in words else 1)
        truth = elapsed * (1 - fraction) / fraction
        assert abs(said - truth) <= max(30 if "min" in words else 3, 0.01 * truth)
