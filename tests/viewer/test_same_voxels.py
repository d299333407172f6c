"""Arrays hold what numpy says they do, and no other array of their size is made for it."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_acs.viewer.same_voxels import holds, same_voxels
from napari_acs.viewer.volumes import class_volumes_ml

volumes = arrays(np.uint8, array_shapes(max_dims=4, max_side=4), elements=st.integers(0, 1))


@given(one=volumes, other=volumes)
def test_as_numpy_says(one, other):
    assert same_voxels(one, other) == np.array_equal(one, other)
    assert same_voxels(one, one.astype(np.int64))


@given(array=arrays(np.uint8, array_shapes(max_dims=4, max_side=4), elements=st.integers(0, 5)))
def test_values_are_found_and_counted_as_by_numpy(array):
    for shown in (array, array.T, array[::-1]):
        assert [holds(shown, value) for value in range(6)] == [value in shown for value in range(6)]
        assert class_volumes_ml(shown, range(5), 0.5) == {
            value: 0.5 * np.count_nonzero(shown == value) for value in range(5)
        }


def test_a_mask_that_is_read_piece_by_piece_is_counted():
    dask = pytest.importorskip("dask.array")
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4) % 5
    assert class_volumes_ml(dask.from_array(array), (1, 4), 2.0) == {1: 10.0, 4: 8.0}


@pytest.mark.parametrize("order", ["C", "F"])
def test_no_array_of_their_size_is_made(order):
    one = np.zeros((64, 128, 128), np.uint8, order)
    one[20:30] = 1
    other = one.copy(order)
    for look in (
        lambda: same_voxels(one, other),
        lambda: not holds(one, 4),
        lambda: class_volumes_ml(one, (1, 2, 3, 4), 1.0)[1] == 10 * 128 * 128,
    ):
        tracemalloc.start()
        assert look()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < one.nbytes / 16
