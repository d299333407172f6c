"""Flattening and pixel shuffling in planes."""

import pickle

import pytest
import torch
from torch import nn

from napari_acs.acs import convert
from napari_acs.acs.flatten import ACSPixelShuffle, PlaneFlatten, collapse_planes

SWAPS = {(2, 3): [1, 0, 2], (3, 4): [0, 2, 1]}  # which planes change places with the axes


def one_plane(plane):
    return lambda channels: tuple(channels * (plane == p) for p in range(3))


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_a_volume_constant_along_the_axis_left_out_flattens_as_the_picture(plane):
    flat = nn.Sequential(
        nn.Conv2d(2, 4, 1), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(36, 2)
    )
    picture = torch.randn(2, 2, 6, 7)
    solid = convert(flat, split=one_plane(plane))
    found = solid(picture.unsqueeze(2 + plane).repeat_interleave(5, dim=2 + plane))
    torch.testing.assert_close(found, flat(picture), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("swap", SWAPS)
def test_permuting_axes_and_planes_together_commutes(swap):
    x = torch.randn(2, 6, 3, 3, 3)
    order = [2 * p + i for p in SWAPS[swap] for i in (0, 1)]
    mirrored = {(2, 3): 2, (3, 4): 0}[swap]  # the plane whose rows and columns change places
    expected = collapse_planes(x)
    found = collapse_planes(x.transpose(*swap)[:, order])[:, order]
    own = slice(2 * mirrored, 2 * mirrored + 2)
    found[:, own] = found[:, own].mT.clone()
    torch.testing.assert_close(found, expected)


def test_one_voxel_flattens_plainly_and_a_picture_is_left_alone():
    x = torch.randn(2, 7, 1, 1, 1)
    assert torch.equal(PlaneFlatten()(x), x.flatten(1))
    assert torch.equal(PlaneFlatten()(x[..., 0]), x.flatten(1))


def test_unequal_sides_cannot_be_flattened():
    with pytest.raises(ValueError, match="the sides must be equal"):
        PlaneFlatten()(torch.zeros(1, 3, 2, 2, 3))


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_a_volume_constant_along_the_axis_left_out_shuffles_as_the_picture(plane):
    flat = nn.Sequential(nn.Conv2d(2, 18, 1), nn.PixelShuffle(3))
    picture = torch.randn(2, 2, 4, 5)
    solid = convert(flat, split=one_plane(plane))
    found = solid(picture.unsqueeze(2 + plane).repeat_interleave(2, dim=2 + plane))
    assert found.shape[2 + plane] == 6
    for part in found.unbind(2 + plane):
        torch.testing.assert_close(part, flat(picture), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("swap", SWAPS)
def test_shuffling_permuted_axes_and_planes_commutes(swap):
    x = torch.randn(1, 3 * 4, 2, 3, 4)
    planes = SWAPS[swap]
    mirrored = {(2, 3): 2, (3, 4): 0}[swap]
    moved = x.transpose(*swap).unflatten(1, (3, 2, 2))[:, planes].clone()
    moved[:, mirrored] = moved[:, mirrored].transpose(1, 2).clone()
    found = ACSPixelShuffle(2)(moved.flatten(1, 3))[:, planes]
    torch.testing.assert_close(found, ACSPixelShuffle(2)(x).transpose(*swap))


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 96, 3, padding=1)
        self.fc = nn.Linear(96 * 4, 2)

    def forward(self, x):
        x = torch.nn.functional.adaptive_avg_pool2d(self.conv(x), (2, 2))
        return self.fc(x.view(x.size(0), -1))


@pytest.mark.parametrize("flatten", ["module", "function"])
def test_splits_that_are_not_even_travel_in_the_state_dict(flatten):
    layers = nn.Conv2d(3, 96, 3, padding=1), nn.AdaptiveAvgPool2d(2), nn.Flatten()
    module = nn.Sequential(*layers, nn.Linear(384, 2))
    flat = module if flatten == "module" else Functional()

    def rule(channels):
        return channels // 2, 0, channels - channels // 2

    own, even = convert(flat, split=rule), convert(flat)
    assert set(even.state_dict()) == set(flat.state_dict())
    x = torch.randn(1, 3, 5, 5, 5)
    assert not torch.allclose(even(x), own(x))
    even.load_state_dict(pickle.loads(pickle.dumps(own.state_dict())), strict=True)
    torch.testing.assert_close(even(x), own(x))
    own.load_state_dict(flat.state_dict(), strict=True)  # which says nothing: all stays
    torch.testing.assert_close(even(x), own(x))
