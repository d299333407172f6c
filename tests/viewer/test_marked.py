"""Copies of arrays that hold little."""

from __future__ import annotations

import tracemalloc

import hypothesis.extra.numpy as arrays_of
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_acs.viewer.marked import Marked

SHAPES = arrays_of.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6)


@st.composite
def arrays(draw):
    """Arrays of any dtype and order in memory, mostly of zeros."""
    dtype = draw(st.sampled_from([np.uint8, np.int16, np.int64, bool, np.float32]))
    values = st.sampled_from([0, 1]) if dtype is bool else st.integers(0, 100)
    if np.issubdtype(dtype, np.signedinteger):
        values = st.integers(-100, 100)
    array = draw(arrays_of.arrays(dtype, SHAPES, elements=values, fill=st.just(0)))
    array = array.transpose(draw(st.permutations(range(array.ndim))))
    steps = [slice(None, None, draw(st.sampled_from([1, -1, 2]))) for _ in array.shape]
    return array[tuple(steps)]


@given(arrays())
def test_the_array_comes_back_as_it_was(array):
    before = array.copy()
    kept = Marked.of(array)
    array[...] = array == 0
    whole = kept.whole()
    assert whole.dtype == before.dtype
    assert np.array_equal(whole, before)
    assert not whole.flags.writeable


def test_two_specks_far_apart_take_no_memory():
    array = np.zeros((200, 200, 200), np.uint8)
    array[0, 0, 0] = array[-1, -1, -1] = 3
    tracemalloc.start()
    kept = Marked.of(array)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept.nbytes == 2
    assert peak < array.nbytes / 20
    assert np.array_equal(kept.whole(), array)
