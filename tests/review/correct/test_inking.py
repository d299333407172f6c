"""Ink in slabs is ink on the whole window, in the box alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_acs.errors import BadInput
from napari_acs.review.correct import Band, Canvas, Nesting, erase, inking, paint, put, stroke

SHAPE = (9, 12, 11)
OF_2021 = Nesting(("WT", "TC", "ET"), ("ED", "NCR", "ET"), (2, 1, 4))
INKS = (paint("WT"), paint("ET"), erase("TC"), put("NCR"), put("background", over=("ED",)))


def near(line, radius, spacing):
    """Return which voxels lie within a radius of a line, one after the other."""
    found = np.zeros(SHAPE, bool)
    start, end = (np.multiply(point, spacing) for point in line)
    for at in np.ndindex(SHAPE):
        point = np.multiply(at, spacing)
        along = end - start
        part = np.clip((point - start) @ along / max(along @ along, 1e-30), 0, 1)
        found[at] = np.linalg.norm(point - start - part * along) <= radius * (1 + 1e-6)
    for point in line:
        place = tuple(np.floor(np.add(point, 0.5)).astype(int).tolist())
        if all(0 <= i < n for i, n in zip(place, SHAPE, strict=True)):
            found[place] = True
    return found


points = st.tuples(*[st.floats(-3, 14)] * 3)


@settings(max_examples=40)
@given(
    line=st.tuples(points, points),
    radius=st.floats(0.4, 7),
    at_once=st.sampled_from((1, 100, 400, 32_768)),
    ink=st.sampled_from(INKS),
    seed=st.integers(0, 99),
    boxed=st.booleans(),
    banded=st.booleans(),
)
def test_a_stroke_in_slabs_is_what_each_voxel_says(line, radius, at_once, ink, seed, boxed, banded):
    rng, spacing = np.random.default_rng(seed), (2.0, 1.0, 0.7)
    labels = rng.choice(np.array([0, 1, 2, 4], np.uint8), SHAPE)
    image = rng.normal(size=SHAPE)
    box = (slice(2, 8), slice(0, 10), slice(3, 11)) if boxed else None
    canvas = Canvas(labels, spacing, box, OF_2021)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inking, "_AT_ONCE", at_once)
        band = Band(image, -0.5, 0.9) if banded else None
        change = stroke(canvas, line, radius, ink, band=band)
    on = near(line, radius, spacing)
    if banded:
        on &= (image >= -0.5) & (image <= 0.9)
    if boxed:
        outside = np.ones(SHAPE, bool)
        outside[box] = False
        on &= ~outside
    after = OF_2021.back(ink.table(OF_2021)[OF_2021.depth(labels)])
    expected = np.where(on, after, labels)
    np.testing.assert_array_equal(change.applied(labels), expected)
    assert (np.diff(change.indices) > 0).all()
    assert (change.before != change.after).all()


def test_a_label_of_no_region_is_refused_where_it_would_be_changed():
    labels = np.zeros(SHAPE, np.uint8)
    labels[4, 5, 5] = 7
    with pytest.raises(BadInput, match="cannot be corrected here: found 7"):
        stroke(Canvas(labels, (1, 1, 1)), (4, 5, 4), 2.0, paint("WT"))
    assert len(stroke(Canvas(labels, (1, 1, 1)), (4, 5, 2), 2.0, paint("WT")))
