"""A click that grows: no farther than its reach, nested, and as far as the images agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review.correct.masks import image, nested, seeds, spacings

from napari_acs.errors import BadInput
from napari_acs.review.correct import GLIOMA, Canvas, erase, grow_from, paint, put

SHAPE = (14, 16, 18)
INKS = (paint("WT"), paint("TC"), paint("ET"), erase("WT"), erase("ET"), put("ED"))


def far_from(seed, spacing, shape):
    away = [
        (o - p) * s
        for o, p, s in zip(np.ogrid[tuple(slice(n) for n in shape)], seed, spacing, strict=True)
    ]
    return np.sqrt(sum(a * a for a in away))


@settings(max_examples=60)
@given(
    seed=seeds,
    spacing=spacings,
    at=st.tuples(*[st.floats(0, n - 1) for n in SHAPE]),
    reach=st.floats(0.3, 12),
    ink=st.sampled_from(INKS),
    axis=st.sampled_from([None, 0, 1, 2]),
    count=st.integers(1, 4),
)
def test_it_stays_in_its_reach_and_does_what_the_ink_says(
    seed, spacing, at, reach, ink, axis, count
):
    labels = nested(seed, SHAPE)
    images = [image(seed + k, SHAPE) for k in range(count)]
    change = grow_from(Canvas(labels, spacing), at, images, ink, reach_mm=reach, axis=axis)
    after = change.applied(labels)
    changed = after != labels
    voxel = tuple(np.floor(np.array(at) + 0.5).astype(int))
    allowed = far_from(voxel, spacing, SHAPE) <= reach * (1 + 1e-5)
    if axis is not None:
        allowed &= np.indices(SHAPE)[axis] == voxel[axis]
    allowed[voxel] = True
    assert not (changed & ~allowed).any()
    inked = GLIOMA.back(ink.table(GLIOMA)[GLIOMA.depth(labels)])
    assert np.array_equal(after[changed], inked[changed])
    assert after[voxel] == inked[voxel], "what was clicked is as the ink says"


def blobs(spacing, radius_mm):
    """Draw an egg of 200 on a ground of 100, and a second one that does not touch it."""
    shape = tuple(int(np.ceil(44 / s)) for s in spacing)
    centre = np.array([18 / s for s in spacing]).round()
    blob = far_from(centre, spacing, shape) <= radius_mm
    other = far_from(np.array([34 / s for s in spacing]), spacing, shape) <= 5
    noise = np.random.default_rng(3).normal(0, 4, shape)
    return centre, blob, 100 + 100.0 * (blob | other) + noise


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2.5, 0.8, 1.1), (0.7, 1.4, 3.0)])
@pytest.mark.parametrize("how", ["paint", "erase", "half painted"])
def test_a_click_in_a_sharp_blob_takes_the_blob_and_not_the_ground(spacing, how):
    centre, blob, bright = blobs(spacing, 9.0)
    labels = np.zeros(blob.shape, np.uint8)
    if how == "erase":
        labels[:] = 2
    if how == "half painted":
        labels[blob & (np.indices(blob.shape)[1] < centre[1] - 1)] = 1
    ink = erase("WT") if how == "erase" else paint("TC")
    change = grow_from(Canvas(labels, spacing), centre, [bright], ink, reach_mm=16.0)
    taken = (change.applied(labels) == 0) if how == "erase" else change.applied(labels) == 1
    overlap = 2 * (taken & blob).sum() / (taken.sum() + blob.sum())
    assert overlap > 0.93
    edge = far_from(centre, spacing, blob.shape) > 9.0 + max(spacing)
    assert not (taken & edge).any(), "nothing beyond the blob's own voxels and those beside them"


def test_a_click_takes_back_what_was_painted_over_the_edge():
    centre, blob, bright = blobs((1, 1, 1), 9.0)
    over = far_from(centre, (1, 1, 1), blob.shape) <= 13
    labels = np.where(over, 2, 0).astype(np.uint8)
    beside = centre + np.array([0, 0, 11])
    change = grow_from(Canvas(labels, (1, 1, 1)), beside, [bright], erase("WT"), reach_mm=20.0)
    left = change.applied(labels) > 0
    assert (left & blob).sum() > 0.95 * blob.sum(), "the blob stays"
    reached = over & ~blob & (far_from(beside, (1, 1, 1), blob.shape) <= 12)
    assert (left & reached).sum() < 0.15 * reached.sum(), "the rim goes"


@settings(max_examples=20)
@given(seed=seeds, spacing=spacings, ink=st.sampled_from(INKS), factor=st.floats(0.2, 5))
def test_units_of_the_images_and_of_length_do_not_matter(seed, spacing, ink, factor):
    labels, images = nested(seed, SHAPE), [image(seed + k, SHAPE) for k in range(3)]
    canvas, at = Canvas(labels, spacing), (6, 8, 9)
    usual = grow_from(canvas, at, images, ink, reach_mm=6.0).applied(labels)
    other = [each * factor * 10.0**k for k, each in enumerate(images)]
    scaled = grow_from(canvas, at, other[::-1], ink, reach_mm=6.0).applied(labels)
    assert np.count_nonzero(scaled != usual) <= 3  # float32 at the very edge of the reach


def test_a_click_tells_of_a_tissue_that_the_region_has_not_got_yet():
    """Bright tumour is drawn, a dark part of it is not: the click there counts for most."""
    shape = (40, 40, 40)
    bright, dark = (
        far_from(centre, (1, 1, 1), shape) <= radius
        for centre, radius in (((20, 20, 12), 7), ((20, 20, 24), 4))
    )
    noise = np.random.default_rng(3).normal(0, 1, shape)
    seen = noise + 100 + 100 * bright - 100 * dark
    labels = np.where(bright, 2, 0).astype(np.uint8)
    change = grow_from(Canvas(labels, (1, 1, 1)), (20, 20, 24), [seen], paint("WT"), reach_mm=8)
    painted = change.applied(labels) != labels
    assert (painted & dark).sum() > 0.9 * dark.sum()
    assert (painted & ~dark).sum() < 0.3 * dark.sum()


def test_without_evidence_it_is_nearly_the_ball():
    labels = np.zeros((21, 31, 41), np.uint8)
    flat = np.full(labels.shape, 7.0)
    spacing = (2.0, 1.0, 0.8)
    change = grow_from(Canvas(labels, spacing), (10, 15, 20), [flat], paint("WT"), reach_mm=9.0)
    far = far_from((10, 15, 20), spacing, labels.shape)
    painted = change.applied(labels) > 0
    assert painted[far <= 0.8 * 9.0].all() and not painted[far > 9.0].any()


@pytest.mark.parametrize("beyond", [0.0, np.nan])
def test_it_stays_in_the_brain_where_brightness_says_nothing(beyond):
    """Tissue about 0 on average, as after a z-score: what is beyond the brain looks like it."""
    brain = far_from((15, 15, 15), (1, 1, 1), (30, 30, 30)) <= 10
    seen = np.where(brain, np.random.default_rng(2).normal(0, 1, brain.shape), beyond)
    none = np.zeros(brain.shape, np.uint8)
    change = grow_from(Canvas(none, (1, 1, 1)), (15, 15, 23), [seen], paint("WT"), reach_mm=9)
    painted = change.applied(none) > 0
    assert painted.sum() > 200 and not (painted & ~brain).any()


def test_it_never_enters_what_is_beyond_the_brain():
    labels = np.zeros((15, 15, 15), np.uint8)
    stripped = np.full(labels.shape, 50.0)
    stripped[:, :6] = 0
    change = grow_from(Canvas(labels, (1, 1, 1)), (7, 8, 7), [stripped], paint("WT"), reach_mm=6.0)
    painted = change.applied(labels) > 0
    assert painted[:, 6:].any() and not painted[:, :6].any()
    holed = np.where(stripped == 0, np.nan, stripped)
    change = grow_from(Canvas(labels, (1, 1, 1)), (7, 8, 7), [holed], paint("WT"), reach_mm=6.0)
    assert not (change.applied(labels) > 0)[:, :6].any()


@pytest.mark.parametrize(
    ("at", "images", "reach", "sentence"),
    [
        ((3, 3, 30), 1, 5.0, "has to lie in the image"),
        ((-2, 3, 3), 1, 5.0, "has to lie in the image"),
        (((3, 3, 3), (4, 4, 4)), 1, 5.0, "has to lie in the image"),
        ((3, 3, 3), 0, 5.0, "needs an image"),
        ((3, 3, 3), 1, 0.0, "reach"),
    ],
)
def test_what_it_cannot_do_is_refused(at, images, reach, sentence):
    canvas = Canvas(np.zeros((8, 8, 8), np.uint8), (1, 1, 1))
    with pytest.raises(BadInput, match=sentence):
        grow_from(canvas, at, [np.ones((8, 8, 8))] * images, paint("WT"), reach_mm=reach)
    with pytest.raises(BadInput, match="does not fit"):
        grow_from(canvas, (3, 3, 3), [np.ones((8, 8, 9))], paint("WT"), reach_mm=5.0)
