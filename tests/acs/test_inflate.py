"""Dense layers made from 2D ones: what they do to constant volumes, and what they keep."""

import itertools

import pytest
import torch
from acsconv.converters import Conv3dConverter
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from napari_acs.acs.inflate import inflate, inflate_transposed, mean, native, native_transposed
from napari_acs.acs.soft import SoftACSConv3d

PADDING_MODES = ["zeros", "reflect", "replicate", "circular"]


def pairs(low, high):
    one = st.integers(low, high)
    return st.one_of(one.map(lambda n: (n, n)), st.tuples(one, one))


@st.composite
def convolutions(draw, dilation=None):
    padding = draw(st.one_of(st.sampled_from(["same", "valid"]), pairs(0, 3)))
    return nn.Conv2d(
        4,
        8,
        draw(pairs(1, 5)),
        (1, 1) if padding == "same" else draw(pairs(1, 3)),
        padding,
        draw(pairs(1, 3) if dilation is None else dilation),
        draw(st.sampled_from([1, 2, 4])),
        draw(st.booleans()),
        draw(st.sampled_from(PADDING_MODES)),
    )


EQUAL = st.integers(1, 3).map(lambda n: (n, n))


@given(convolutions())
@settings(max_examples=100)
def test_inflated_layer_gives_the_2d_one_for_a_volume_constant_along_z(conv):
    flat = torch.randn(1, 4, 14, 15)
    volume = flat.unsqueeze(2).repeat_interleave(41, dim=2)
    with torch.no_grad():
        found, expected = inflate(conv)(volume), conv(flat)
    middle = found[:, :, found.shape[2] // 2]
    torch.testing.assert_close(middle, expected, rtol=1e-4, atol=1e-5)
    if conv.padding_mode != "zeros" or conv.padding in ("valid", (0, 0)):
        torch.testing.assert_close(found[:, :, 0], expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(found[:, :, -1], expected, rtol=1e-4, atol=1e-5)


@st.composite
def transposed_convolutions(draw):
    kernel, dilation = draw(pairs(1, 5)), draw(pairs(1, 3))
    stride = draw(pairs(1, 4))
    rest = [draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)]
    reach = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    # Not so much that nothing is left of the 9 rows that the test has.
    padding = [
        draw(st.integers(0, min(r, 4 * s + r // 2))) for r, s in zip(reach, stride, strict=True)
    ]
    groups, bias = draw(st.sampled_from([1, 2])), draw(st.booleans())
    return nn.ConvTranspose2d(4, 6, kernel, stride, padding, rest, groups, bias, dilation)


@given(transposed_convolutions())
@settings(max_examples=100)
def test_inflated_transposed_layer_gives_the_2d_one_for_a_volume_constant_along_z(conv):
    flat = torch.randn(1, 4, 9, 10)
    volume = flat.unsqueeze(2).repeat_interleave(31, dim=2)
    with torch.no_grad():
        found, expected = inflate_transposed(conv)(volume), conv(flat)
    kernel, stride, dilation, pad = (
        v[0] for v in (conv.kernel_size, conv.stride, conv.dilation, conv.padding)
    )
    reached = {tap * dilation % stride for tap in range(kernel)}
    middle = found.shape[2] // 2
    for z in range(middle, middle + stride):
        if (z + pad) % stride in reached:
            torch.testing.assert_close(found[:, :, z], expected, rtol=1e-4, atol=1e-5)
        else:
            alone = torch.zeros(6) if conv.bias is None else conv.bias.detach()
            assert torch.equal(found[:, :, z], alone.view(1, -1, 1, 1).expand_as(expected))


def test_inflation_is_acsconvs():
    flat = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1))
    expected = inflate(flat[0])
    peer = Conv3dConverter(flat, i3d_repeat_axis=2).model[0]
    assert torch.equal(expected.weight, peer.weight)
    assert torch.equal(expected.bias, peer.bias)


@given(convolutions(dilation=EQUAL))
@settings(max_examples=100)
def test_mean_layer_is_mean_acs(conv):
    x = torch.randn(1, 4, 14, 15, 16)
    with torch.no_grad():
        found, expected = mean(conv)(x), SoftACSConv3d.from_conv2d(conv, mean=True)(x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 2), st.sampled_from(PADDING_MODES))
def test_mean_layer_gives_the_2d_one_for_a_constant_volume(kernel, stride, dilation, mode):
    conv = nn.Conv2d(3, 4, kernel, stride, dilation=dilation, padding_mode=mode)
    grey = torch.randn(1, 3, 1, 1)
    expected = conv(grey.expand(-1, -1, 20, 20))[:, :, 0, 0]
    found = mean(conv)(grey[..., None].expand(-1, -1, 20, 20, 20))
    assert torch.allclose(found, expected[..., None, None, None], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_mean_kernel_of_a_symmetric_kernel_prefers_no_axis(kernel):
    conv = nn.Conv2d(2, 3, kernel)
    with torch.no_grad():
        conv.weight.copy_(conv.weight + conv.weight.mT)
    weight = mean(conv).weight
    for order in itertools.permutations((2, 3, 4)):
        torch.testing.assert_close(weight.permute(0, 1, *order), weight)


def test_mean_refuses_dilations_that_differ():
    with pytest.raises(ValueError, match="dilation"):
        mean(nn.Conv2d(3, 4, 3, dilation=(1, 2)))


CONV = nn.Conv2d(4, 6, (3, 5), (2, 1), (1, 2), (1, 1), 2, padding_mode="reflect")
TRANSPOSED = nn.ConvTranspose2d(4, 6, (3, 5), (2, 1), (1, 2), (1, 0), 2, True, (2, 1))


@pytest.mark.parametrize(
    ("make", "flat"),
    [
        (inflate, CONV),
        (mean, CONV),
        (native, CONV),
        (inflate_transposed, TRANSPOSED),
        (native_transposed, TRANSPOSED),
    ],
)
def test_settings_dtype_bias_and_what_was_frozen_are_kept(make, flat):
    for bias, frozen in itertools.product((True, False), repeat=2):
        layer = type(flat)(
            flat.in_channels,
            flat.out_channels,
            flat.kernel_size,
            flat.stride,
            flat.padding,
            dilation=flat.dilation,
            groups=2,
            bias=bias,
            dtype=torch.float64,
        )
        layer.weight.requires_grad_(not frozen)
        before = layer.weight.detach().clone()
        new = make(layer)
        assert set(new.state_dict()) == set(layer.state_dict())
        assert new.weight.dtype == torch.float64
        assert new.weight.requires_grad is not frozen
        assert (new.bias is None) is not bias
        if bias and make not in (native, native_transposed):
            assert torch.equal(new.bias, layer.bias)
        assert new.stride == (2, 2, 1)
        assert new.groups == 2
        with torch.no_grad():
            new.weight.zero_()
        assert torch.equal(layer.weight, before), "the 2D layer was changed"
    assert make(flat).padding_mode == flat.padding_mode


@pytest.mark.parametrize(("make", "flat"), [(native, CONV), (native_transposed, TRANSPOSED)])
def test_native_layer_is_torchs_own_and_heeds_the_seed(make, flat):
    torch.manual_seed(3)
    found = make(flat)
    torch.manual_seed(3)
    settings_3d = {
        "kernel_size": (3, 3, 5),
        "stride": (2, 2, 1),
        "groups": 2,
        "dilation": found.dilation,
    }
    assert torch.equal(found.weight, type(found)(4, 6, **settings_3d).weight)
