"""Dice and HD95, held to MONAI on random, anisotropic and real masks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from conftest import SHARED_DATA, needs_shared_data
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from monai.metrics import compute_dice, compute_hausdorff_distance
from scipy.ndimage import gaussian_filter, shift

from napari_acs.imaging.metrics import WORST_HD95_MM, dice, hd95, score


def _blob(seed, shape, level):
    noise = np.random.default_rng(seed).normal(size=shape)
    smooth = gaussian_filter(noise, 1.5)
    return smooth > level * smooth.std()


def _monai(a, b, spacing):
    pair = [torch.from_numpy(m)[None, None] for m in (a, b)]
    far = compute_hausdorff_distance(
        *pair, include_background=True, percentile=95, spacing=list(spacing)
    )
    return float(compute_dice(*pair, include_background=True)), float(far)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shape=st.tuples(*[st.integers(3, 24)] * 3),
    spacing=st.tuples(*[st.floats(0.3, 7)] * 3),
    level=st.floats(-0.5, 1.5),
)
def test_scores_equal_monai(seed, shape, spacing, level):
    a, b = _blob(seed, shape, level), _blob(seed + 1, shape, level)
    assume(a.any() and b.any())  # MONAI has no rule for empty masks; ours is tested below
    theirs = _monai(a, b, spacing)
    assert dice(a, b) == pytest.approx(theirs[0], abs=1e-5)
    assert hd95(a, b, spacing) == pytest.approx(theirs[1], abs=1e-3)


def test_a_shifted_block_has_the_distance_of_the_shift_along_its_own_axis():
    block = np.zeros((12, 20, 20), bool)
    block[4:8, 5:15, 5:15] = True
    moved = np.roll(block, 2, axis=0)
    # Along z a voxel is 5 mm: mixing up the order of axes would give 2 mm or less.
    assert hd95(block, moved, (5.0, 1.0, 0.5)) == pytest.approx(10.0)
    assert dice(block, moved) == pytest.approx(0.5)


def test_empty_masks_follow_the_rule_of_brats():
    none, some = np.zeros((4, 5, 6), bool), np.ones((4, 5, 6), bool)
    one_mm = (1.0, 1.0, 1.0)
    assert (dice(none, none), hd95(none, none, one_mm)) == (1.0, 0.0)
    for pair in ((none, some), (some, none)):
        assert (dice(*pair), hd95(*pair, one_mm)) == (0.0, WORST_HD95_MM)
    assert math.isclose(WORST_HD95_MM, math.dist((240, 240, 155), (0, 0, 0)), abs_tol=1e-3)


def test_volumes_are_in_ml_and_shapes_must_agree():
    some = np.ones((10, 10, 10), bool)
    scores = score(some, some, (2.0, 1.0, 0.5))
    assert (scores.predicted_ml, scores.reference_ml) == pytest.approx((1.0, 1.0))
    with pytest.raises(ValueError, match="cannot be compared"):
        score(some, some[1:], (1.0, 1.0, 1.0))


@needs_shared_data
def test_scores_of_a_real_mask_equal_monai():
    path = SHARED_DATA / "brats2021" / "BraTS2021_01485" / "BraTS2021_01485_seg.nii.gz"
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(path))) > 0
    other = shift(mask.astype(np.float32), (1.6, -2.3, 3.1), order=1) > 0.5
    theirs = _monai(mask, other, (1.0, 1.0, 1.0))
    assert dice(mask, other) == pytest.approx(theirs[0], abs=1e-6)
    assert hd95(mask, other, (1.0, 1.0, 1.0)) == pytest.approx(theirs[1], abs=1e-3)
