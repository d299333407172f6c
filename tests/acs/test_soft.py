"""The soft layer against its definition, and against the public implementation."""

import copy

import pytest
import torch
from acsconv.converters import SoftACSConverter
from acsconv.operators import SoftACSConv as PeerSoftACSConv
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import napari_acs
from napari_acs.acs import ACSConv3d
from napari_acs.acs.soft import SoftACSConv3d

PADDING_MODES = ["zeros", "reflect", "replicate", "circular"]


def pairs(low, high):
    one = st.integers(low, high)
    return st.one_of(one.map(lambda n: (n, n)), st.tuples(one, one))


@st.composite
def layers(draw):
    padding = draw(st.one_of(st.sampled_from(["same", "valid"]), pairs(0, 3)))
    groups = draw(st.sampled_from([1, 2, 4]))
    return nn.Conv2d(
        4,
        draw(st.sampled_from([4, 8])),
        draw(pairs(1, 5)),
        (1, 1) if padding == "same" else draw(pairs(1, 3)),
        padding,
        draw(pairs(1, 3)),
        groups,
        draw(st.booleans()),
        draw(st.sampled_from(PADDING_MODES)),
    )


def combined(conv, shares, x):
    """The definition: three layers of one plane each, weighted; they have tests of their own."""
    out = conv.out_channels
    bias = 0 if conv.bias is None else conv.bias.view(-1, 1, 1, 1)
    total = 0
    for plane in range(3):
        layer = ACSConv3d.from_conv2d(conv, tuple(out * (p == plane) for p in range(3)))
        total = total + shares[:, plane].view(-1, 1, 1, 1) * (layer(x) - bias)
    return total + bias


@given(layers(), st.tuples(*[st.integers(14, 19)] * 3), st.booleans(), st.integers(0, 10_000))
@settings(max_examples=200)
def test_layer_is_the_convex_combination_of_the_three_planes(conv, sides, mean, seed):
    torch.manual_seed(seed)
    conv = conv.double()
    layer = SoftACSConv3d.from_conv2d(conv, mean=mean)
    x = torch.randn(1, 4, *sides, dtype=torch.float64)
    if mean:
        shares = torch.full((conv.out_channels, 3), 1 / 3, dtype=torch.float64)
    else:
        shares = layer.soft_w_core.exp() / layer.soft_w_core.exp().sum(1, keepdim=True)
    expected = combined(conv, shares, x)
    found = layer(x)
    torch.testing.assert_close(found, expected)
    seed_grad = torch.randn_like(expected)
    for p in (p for p in layer.parameters() if p.requires_grad):
        (g,) = torch.autograd.grad(found, p, seed_grad, retain_graph=True)
        (e,) = torch.autograd.grad(expected, p, seed_grad, retain_graph=True)
        torch.testing.assert_close(g, e)


@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize(
    "own", [{"padding": 1}, {"kernel_size": 5, "padding": 2, "groups": 4}, {"kernel_size": 1}, {}]
)
def test_layer_equals_acsconv_where_that_is_right(mean, own):
    options = {"in_channels": 4, "out_channels": 8, "kernel_size": 3} | own
    peer = PeerSoftACSConv(**options, mean=mean)
    layer = SoftACSConv3d(**options, mean=mean)
    layer.load_state_dict(peer.state_dict(), strict=True)
    x = torch.randn(2, 4, 9, 10, 11)
    torch.testing.assert_close(layer(x), peer(x), rtol=1e-5, atol=1e-5)


def test_a_network_that_acsconv_made_soft_loads_and_answers_the_same():
    flat = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 9, 3, padding=1, bias=False)
    )
    solid = napari_acs.convert(flat, mode="soft")
    peer = SoftACSConverter(copy.deepcopy(flat)).model
    solid.load_state_dict(peer.state_dict(), strict=True)
    x = torch.randn(1, 3, 8, 9, 10)
    torch.testing.assert_close(solid(x), peer(x), rtol=1e-5, atol=1e-5)


@given(layers(), st.tuples(*[st.integers(16, 19)] * 3))
@settings(max_examples=50)
def test_volumes_have_the_size_that_acs_gives_them(conv, sides):
    x = torch.randn(1, 4, *sides)
    assert SoftACSConv3d.from_conv2d(conv)(x).shape == ACSConv3d.from_conv2d(conv)(x).shape


def test_dense_weight_is_the_layer():
    layer = SoftACSConv3d(4, 6, 3, stride=2, padding=2, dilation=2)
    x = torch.randn(1, 4, 9, 10, 11)
    assert layer.dense_weight().shape == (6, 4, 3, 3, 3)
    expected = nn.functional.conv3d(x, layer.dense_weight(), layer.bias, 2, 2, 2)
    torch.testing.assert_close(layer(x), expected)


def test_dtype_and_what_was_frozen_are_kept_and_the_kernels_shared():
    conv = nn.Conv2d(3, 4, 3, dtype=torch.float64).requires_grad_(False)
    layer = SoftACSConv3d.from_conv2d(conv)
    assert layer.weight is conv.weight
    assert layer.soft_w_core.dtype == torch.float64
    assert not any(p.requires_grad for p in layer.parameters())


def test_bad_input_is_refused():
    layer = SoftACSConv3d(1, 3, 3)
    with pytest.raises(ValueError, match=r"n, c, z, y, x"):
        layer(torch.zeros(1, 1, 8, 8))
    with pytest.raises(ValueError, match="a side of 2 voxels is too short"):
        layer(torch.zeros(1, 1, 8, 8, 2))
