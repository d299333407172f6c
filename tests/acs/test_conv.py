"""The ACS layer against its definition, its 2D network and the public implementation."""

import pytest
import torch
from acsconv.operators import ACSConv as PeerACSConv
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import conv3d

from napari_acs.acs import ACSConv3d, dense_kernel

groupings = st.sampled_from([(4, 7, 1), (3, 2, 1), (6, 6, 6), (6, 6, 2), (4, 8, 4), (1, 1, 1)])


@st.composite
def layers_and_inputs(draw):
    inputs, outputs, groups = draw(groupings)
    k, stride = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    padding, dilation = draw(st.integers(0, 3)), draw(st.integers(1, 2))
    sides = draw(st.tuples(*[st.integers(5, 13)] * 3))
    assume(min(sides) + 2 * padding >= dilation * (k - 1) + 1)
    torch.manual_seed(draw(st.integers(0, 10_000)))
    bias = draw(st.booleans())
    conv = nn.Conv2d(inputs, outputs, k, stride, padding, dilation, groups, bias)
    return conv, torch.randn(2, inputs, *sides)


@given(layers_and_inputs())
@settings(max_examples=150)
def test_layer_is_the_dense_convolution_that_defines_it(case):
    conv, x = case
    layer = ACSConv3d.from_conv2d(conv)
    kernel = dense_kernel(conv.weight).double()
    bias = None if conv.bias is None else conv.bias.double()
    stride, padding, dilation = conv.stride[0], conv.padding[0], conv.dilation[0]
    expected = conv3d(x.double(), kernel, bias, stride, padding, dilation, conv.groups)
    found = layer(x)
    assert found.shape == expected.shape
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("channels", [3, 8, 64])
def test_layer_equals_acsconv_where_that_is_right(channels):
    peer = PeerACSConv(5, channels, 3, padding=1)
    layer = ACSConv3d(5, channels, 3, padding=1)
    layer.load_state_dict(peer.state_dict(), strict=True)
    x = torch.randn(2, 5, 9, 10, 11)
    torch.testing.assert_close(layer(x), peer(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("group", "axis"), [(0, 2), (1, 3), (2, 4)])
def test_a_volume_constant_along_the_axis_left_out_gives_the_2d_layer(group, axis):
    conv = nn.Conv2d(2, 3, 3, stride=1, padding=1)
    plane = torch.randn(1, 2, 8, 9)
    volume = plane.unsqueeze(axis).repeat_interleave(6, dim=axis)
    found = ACSConv3d.from_conv2d(conv)(volume)[:, group].select(axis - 1, 3)
    torch.testing.assert_close(found, conv(plane)[:, group], rtol=1e-5, atol=1e-6)


def test_gradients_are_those_of_the_dense_convolution():
    layer = ACSConv3d(4, 7, 3, stride=2, padding=1).double()
    x = torch.randn(1, 4, 7, 8, 9, dtype=torch.float64, requires_grad=True)
    wrt = (x, layer.weight, layer.bias)
    dense = conv3d(x, dense_kernel(layer.weight), layer.bias, 2, 1)
    seed = torch.randn_like(dense)
    expected = torch.autograd.grad(dense, wrt, seed)
    found = torch.autograd.grad(layer(x), wrt, seed)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(
    ("conv", "said"),
    [
        (nn.Conv2d(2, 3, (1, 7)), "kernel_size"),
        (nn.Conv2d(2, 3, 3, stride=(1, 2)), "stride"),
        (nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), "padding_mode"),
        (nn.Conv2d(2, 3, 2, padding="same"), "even"),
    ],
)
def test_what_is_not_supported_is_refused_and_not_computed_wrongly(conv, said):
    with pytest.raises(ValueError, match=said):
        ACSConv3d.from_conv2d(conv)


def test_a_2d_input_is_refused():
    with pytest.raises(ValueError, match=r"n, c, z, y, x"):
        ACSConv3d(1, 3, 3)(torch.zeros(1, 1, 8, 8))
