"""Ink, brush and flood: what becomes of each label, how far in mm, and how bright."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from review.correct.masks import image, nested, seeds, spacings
from scipy.ndimage import label

from napari_acs.review.correct import Band, Canvas, erase, flood, paint, put, stroke

SHAPE = (12, 16, 18)
BACKGROUND, NCR, ED, ET = 0, 1, 2, 3


@pytest.mark.parametrize(
    ("ink", "becomes"),
    [  # of background, ED, NCR, ET
        (paint("WT"), (ED, ED, NCR, ET)),
        (paint("TC"), (NCR, NCR, NCR, ET)),
        (paint("ET"), (ET, ET, ET, ET)),
        (erase("ET"), (BACKGROUND, ED, NCR, NCR)),
        (erase("TC"), (BACKGROUND, ED, ED, ED)),
        (erase("WT"), (BACKGROUND, BACKGROUND, BACKGROUND, BACKGROUND)),
        (put("ED"), (ED, ED, ED, ED)),
        (put("NCR"), (NCR, NCR, NCR, NCR)),
        (put("background"), (BACKGROUND, BACKGROUND, BACKGROUND, BACKGROUND)),
        (paint("TC", over=("ED",)), (BACKGROUND, NCR, NCR, ET)),
        (put("ET", over=("background", "NCR")), (ET, ED, ET, ET)),
        (erase("WT", over=("ET",)), (BACKGROUND, ED, NCR, BACKGROUND)),
    ],
)
def test_every_ink_on_every_label(ink, becomes):
    labels = np.array([[[BACKGROUND, ED, NCR, ET]]], np.uint8)
    change = stroke(Canvas(labels, (1, 1, 1)), ((0, 0, 0), (0, 0, 3)), 0.2, ink)
    assert tuple(change.applied(labels)[0, 0].tolist()) == becomes


@settings(max_examples=40)
@given(
    spacing=spacings,
    points=st.lists(st.tuples(*[st.floats(-3, 20)] * 3), min_size=1, max_size=4),
    radius=st.floats(0.4, 9),
    axis=st.sampled_from([None, 0, 1, 2]),
)
def test_a_stroke_paints_what_is_near_its_line_in_mm(spacing, points, radius, axis):
    line = np.array(points)
    if axis is not None:
        line[:, axis] = 5.2
    labels = np.zeros(SHAPE, np.uint8)
    change = stroke(Canvas(labels, spacing), line, radius, paint("WT"), axis=axis)
    painted = change.applied(labels) > 0
    if axis is not None:
        line[:, axis] = 5
    # A second implementation: the nearest of many points on the line.
    ends = zip(line, line[1:] if len(line) > 1 else line, strict=False)
    dense = np.concatenate([a + np.linspace(0, 1, 120)[:, None] * (b - a) for a, b in ends])
    voxels = np.indices(SHAPE).reshape(3, -1).T
    gaps = (voxels[:, None] - dense[None]) * spacing
    far = np.sqrt((gaps**2).sum(-1)).min(axis=1).reshape(SHAPE)
    in_slice = np.ones(SHAPE, bool) if axis is None else np.indices(SHAPE)[axis] == 5
    hit = np.zeros(SHAPE, bool)  # the voxels that the given points lie in
    for index in np.floor(line + 0.5).astype(int):
        if all(0 <= i < n for i, n in zip(index, SHAPE, strict=True)):
            hit[tuple(index)] = True
    unsure = abs(far - radius) < 0.2
    expected = (far <= radius) & in_slice | hit
    assert np.array_equal(painted[~unsure], expected[~unsure])


def test_a_ball_has_the_volume_of_a_sphere_on_flat_voxels():
    labels = np.zeros((24, 90, 100), np.uint8)
    canvas = Canvas(labels, (3.0, 0.7, 0.6))
    change = stroke(canvas, (12, 45, 50), 20.0, put("ET"))
    assert len(change) * canvas.voxel_ml == pytest.approx(4 / 3 * np.pi * 20**3 / 1000, rel=0.01)
    disc = stroke(canvas, (12, 45, 50), 20.0, put("ET"), axis=0)
    assert len(disc) * 0.7 * 0.6 == pytest.approx(np.pi * 20**2, rel=0.01)
    assert set(disc.where(labels.shape)[0].tolist()) == {12}
    assert change.said.startswith("ET put with a ball of 20 mm radius: ")
    assert change.said.endswith(f" voxels ({len(change) * canvas.voxel_ml:.2f} ml) changed")


def test_the_brush_paints_only_what_is_as_bright_as_asked_for():
    values, labels = image(4, SHAPE), nested(4, SHAPE)
    values[5, 8, 9] = np.nan
    canvas = Canvas(labels, (1, 1, 1))
    line = ((3, 4, 4), (8, 12, 14))
    plain = stroke(canvas, line, 4, put("ET")).applied(labels)
    bright = stroke(canvas, line, 4, put("ET"), band=Band(values, 0, 30)).applied(labels)
    held = (values >= 0) & (values <= 30)
    assert np.array_equal(bright, np.where(held, plain, labels))
    assert not held[5, 8, 9]


@settings(max_examples=40)
@given(seed=seeds, roughness=st.integers(1, 40), limits=st.tuples(*[st.floats(-30, 30)] * 2))
def test_a_flood_is_the_part_that_scipy_finds_around_its_start(seed, roughness, limits):
    shape = (30, 44, 50)  # larger than the window that is looked at first
    values = np.random.default_rng(seed).normal(size=shape)
    values = sitk.GetArrayFromImage(
        sitk.SmoothingRecursiveGaussian(sitk.GetImageFromArray(values), 0.2 + roughness / 20)
    )
    values *= 30 / values.std()
    labels = nested(seed, shape)
    start = tuple(np.random.default_rng(seed).integers(0, shape).tolist())
    band = Band(values, *sorted(limits))
    change = flood(Canvas(labels, (2, 1, 1)), start, band, put("ET"))
    held = (values >= band.low) & (values <= band.high)
    expected = labels.copy()
    if held[start]:
        parts, _ = label(held)
        expected[parts == parts[start]] = ET
    assert np.array_equal(change.applied(labels), expected)


def test_a_flood_stays_in_its_slice_its_reach_and_its_box():
    values, labels = np.zeros((20, 20, 20)), np.zeros((20, 20, 20), np.uint8)
    everywhere = Band(values, -1, 1)
    canvas = Canvas(labels, (2.0, 1.0, 1.0))
    flat = flood(canvas, (4, 10, 10), everywhere, paint("WT"), axis=0)
    assert len(flat) == 400 and set(flat.where(labels.shape)[0].tolist()) == {4}
    near = flood(canvas, (10, 10, 10), everywhere, paint("WT"), reach_mm=5.0)
    ball = stroke(canvas, (10, 10, 10), 5.0, paint("WT"))
    assert np.array_equal(near.indices, ball.indices)
    # A wall with one gap outside the box: the box keeps the flood from going round through it.
    values[:, 8, 2:] = 5
    box = (slice(0, 20), slice(0, 20), slice(3, 20))
    dammed = flood(Canvas(labels, (1, 1, 1), box), (5, 3, 9), everywhere, paint("WT"))
    assert set(dammed.where(labels.shape)[1].tolist()) == set(range(8))
