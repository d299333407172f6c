"""Grids in every orientation."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

from napari_acs.imaging import Grid

AXES = [
    (order, signs)
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]
"""The 48 ways to lay index axes along patient axes."""


def direction(order, signs, tilt_degrees=(0.0, 0.0, 0.0)) -> tuple[float, ...]:
    cosines = np.zeros((3, 3))
    for index_axis, (patient_axis, sign) in enumerate(zip(order, signs, strict=True)):
        cosines[patient_axis, index_axis] = sign
    for axis, angle in enumerate(np.radians(tilt_degrees)):
        a, b = [i for i in range(3) if i != axis]
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        cosines = turn @ cosines
    return tuple(cosines.ravel().tolist())


def any_grid(largest_tilt=12.0):
    length = st.floats(0.4, 6.0)
    place = st.floats(-200, 200)
    tilt = st.floats(-largest_tilt, largest_tilt)
    return st.builds(
        lambda size, spacing, origin, axes, tilts: Grid(
            size, spacing, origin, direction(*axes, tilts)
        ),
        st.tuples(*[st.integers(4, 7)] * 3),
        st.tuples(*[length] * 3),
        st.tuples(*[place] * 3),
        st.sampled_from(AXES),
        st.tuples(*[tilt] * 3),
    )
