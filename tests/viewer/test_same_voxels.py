"""Arrays are equal as numpy says they are, and no third array of their size is made for it."""

from __future__ import annotations

import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_acs.viewer.same_voxels import same_voxels

volumes = arrays(np.uint8, array_shapes(max_dims=4, max_side=4), elements=st.integers(0, 1))


@given(one=volumes, other=volumes)
def test_as_numpy_says(one, other):
    assert same_voxels(one, other) == np.array_equal(one, other)
    assert same_voxels(one, one.astype(np.int64))


def test_no_array_of_their_size_is_made():
    one = np.zeros((64, 128, 128), np.uint8)
    other = one.copy()
    tracemalloc.start()
    assert same_voxels(one, other)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < one.nbytes / 16
