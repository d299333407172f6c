"""The window plan and its blending, held to MONAI's sliding-window inferer."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.inferers import SlidingWindowInferer
from torch import nn

from napari_acs.inference.windows import Blend, importance, plan_windows, sliding_windows

lengths = st.tuples(*[st.integers(1, 30)] * 3)
windows = st.tuples(*[st.integers(2, 16)] * 3)
overlaps = st.sampled_from([0.0, 0.25, 0.5, 0.6, 0.75])


def _position_aware_predictor() -> nn.Module:
    """A net whose output depends on where in the window a voxel lies (padding, deep context)."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv3d(2, 4, 3, padding=1), nn.ReLU(), nn.Conv3d(4, 3, 3, padding=1), nn.Sigmoid()
    ).eval()


@settings(max_examples=60, deadline=None)
@given(size=lengths, window=windows, overlap=overlaps, seed=st.integers(0, 99))
def test_blended_windows_equal_monai_voxel_for_voxel(size, window, overlap, seed):
    image = torch.randn((2, *size), generator=torch.Generator().manual_seed(seed))
    predictor = _position_aware_predictor()
    with torch.inference_mode():
        ours = sliding_windows(image, predictor, plan_windows(size, window, overlap))
        monai = SlidingWindowInferer(
            roi_size=window, sw_batch_size=1, overlap=overlap, mode="gaussian"
        )
        theirs = monai(image[None], predictor)[0]
    assert ours.shape == (3, *size)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(size=lengths, window=windows, overlap=overlaps)
def test_windows_lie_inside_and_cover_every_voxel(size, window, overlap):
    plan = plan_windows(size, window, overlap)
    covered = torch.zeros(plan.padded, dtype=torch.bool)
    for start in plan.starts:
        stop = [s + w for s, w in zip(start, window, strict=True)]
        assert all(a >= 0 and b <= n for a, b, n in zip(start, stop, plan.padded, strict=True))
        covered[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] = True
    assert covered.all()
    assert len(set(plan.starts)) == len(plan.starts)


def test_weights_fall_from_the_centre_and_never_vanish():
    weight = importance((17, 9, 65))
    assert weight.argmax() == weight.numel() // 2
    assert weight.min() >= 1e-3
    assert weight.max() == pytest.approx(1.0)


def test_a_blend_refuses_what_would_give_a_wrong_image():
    plan = plan_windows((8, 8, 8), (4, 4, 4))
    with pytest.raises(ValueError, match="plan is for"):
        Blend(plan, torch.zeros(1, 8, 8, 9))
    with pytest.raises(ValueError, match="no window"):
        Blend(plan, torch.zeros(1, 8, 8, 8)).result()
    with pytest.raises(ValueError, match="positive"):
        plan_windows((0, 8, 8), (4, 4, 4))
    with pytest.raises(ValueError, match="overlap"):
        plan_windows((8, 8, 8), (4, 4, 4), overlap=1)


@pytest.mark.parametrize("size", [(5, 11, 8), (5, 6, 7), (20, 9, 12)])
def test_an_image_is_padded_with_its_background_and_nothing_else_changes(size):
    image = torch.randn((2, *size), generator=torch.Generator().manual_seed(1))
    plan = plan_windows(size, (8, 8, 8))
    background = (-3.5, 0.25)
    pads = [n for pair in zip(plan.before, plan.after, strict=True) for n in pair]
    order = [*pads[4:], *pads[2:4], *pads[:2]]
    shift = torch.tensor(background).view(2, 1, 1, 1)
    by_hand = torch.nn.functional.pad(image - shift, order) + shift
    predictor = _position_aware_predictor()
    with torch.inference_mode():
        ours = sliding_windows(image, predictor, plan, background)
        grown = sliding_windows(by_hand, predictor, plan_windows(plan.padded, (8, 8, 8)))
        zeros = sliding_windows(image, predictor, plan, (0.0, 0.0))
        assert torch.equal(zeros, sliding_windows(image, predictor, plan))
    inner = tuple(slice(b, b + n) for b, n in zip(plan.before, size, strict=True))
    torch.testing.assert_close(ours, grown[(slice(None), *inner)], rtol=0, atol=1e-5)
    assert torch.allclose(ours, zeros, atol=1e-3) == (plan.padded == size)
