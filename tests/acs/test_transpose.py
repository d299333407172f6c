"""The ACS transposed convolution against its definition, written out as a dense kernel."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import conv_transpose3d, pad

from napari_acs.acs import UnsupportedModule, convert
from napari_acs.acs.transpose import ACSConvTranspose3d

PLANE_OF_AXIS = {2: 0, 3: 1, 4: 2}
SHAPES = [(4, 7, 1), (3, 2, 1), (6, 12, 2), (6, 8, 2), (5, 5, 5), (3, 12, 3)]


@st.composite
def layers(draw, shapes=SHAPES):
    inputs, outputs, groups = draw(st.sampled_from(shapes))
    stride, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    torch.manual_seed(draw(st.integers(0, 10_000)))
    return nn.ConvTranspose2d(
        inputs,
        outputs,
        kernel_size=draw(st.integers(1, 5)),
        stride=stride,
        padding=draw(st.integers(0, 2)),
        output_padding=draw(st.integers(0, max(stride, dilation) - 1)),
        groups=groups,
        bias=draw(st.booleans()),
        dilation=dilation,
    )


def written_out(conv, split, x):
    """Every output as the sum of dense taps; along the axis left out, the middle ``stride``."""
    k, s, d, p = conv.kernel_size[0], conv.stride[0], conv.dilation[0], conv.padding[0]
    reach = d * (k - 1)
    first = -((s - 1 - reach) // 2)
    low, high = min(0, first), max(reach, first + s - 1)
    size, middle = high - low + 1, -low
    inner, outer = conv.in_channels // conv.groups, conv.out_channels // conv.groups
    plane_of = [0] * split[0] + [1] * split[1] + [2] * split[2]
    dense = torch.zeros(conv.in_channels, conv.out_channels, size, size, size).double()
    for o, plane in enumerate(plane_of):
        rows, columns = [axis for axis in range(3) if axis != plane]
        for i in range(inner):
            source = (o // outer) * inner + i
            for a in range(k):
                for b in range(k):
                    for t in range(first, first + s):
                        at = [0, 0, 0]
                        at[rows], at[columns], at[plane] = d * a, d * b, t
                        at = [middle + n for n in at]
                        weight = conv.weight[source, o % outer, a, b]
                        dense[source, o, at[0], at[1], at[2]] = weight
    out = conv_transpose3d(x.double(), dense, stride=s)
    wanted = [(n - 1) * s - 2 * p + reach + conv.output_padding[0] + 1 for n in x.shape[2:]]
    begin = middle + p
    out = pad(out, [n for length in reversed(wanted) for n in (0, max(0, begin + length))])
    for axis, length in enumerate(wanted, start=2):
        out = out.narrow(axis, begin, length)
    return out if conv.bias is None else out + conv.bias.double().view(1, -1, 1, 1, 1)


@given(layers(), st.sampled_from(["even", "uneven"]))
def test_layer_is_the_dense_convolution_that_defines_it(conv, how):
    out = conv.out_channels
    split = (out - out // 3, 0, out // 3) if how == "uneven" else None
    layer = convert(conv, split=(lambda _: split) if split else "even")
    x = torch.randn(1, conv.in_channels, 5, 6, 7)
    with torch.no_grad():
        expected, found = written_out(conv, layer.split, x), layer(x)
    assert found.shape == expected.shape
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5)


@given(layers([(3, 6, 1), (3, 6, 3)]), st.sampled_from([2, 3, 4]))
def test_a_volume_constant_along_the_axis_left_out_gives_the_2d_layer(conv, axis):
    split = tuple(6 * (plane == PLANE_OF_AXIS[axis]) for plane in range(3))
    picture = torch.randn(1, 3, 6, 7)
    with torch.no_grad():
        expected = conv(picture)
        layer = ACSConvTranspose3d.from_conv_transpose2d(conv, split)
        found = layer(picture.unsqueeze(axis).repeat_interleave(9, axis))
    middle = found.select(axis, found.shape[axis] // 2)
    torch.testing.assert_close(middle, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("swap", [(2, 3), (3, 4)])
def test_permuting_axes_and_planes_together_commutes(swap):
    layer = convert(nn.ConvTranspose2d(3, 6, 4, 2, 1))
    x = torch.randn(1, 3, 5, 6, 7)
    axial, coronal, sagittal = layer.weight.detach().clone().split(2, dim=1)
    if swap == (2, 3):
        weight, order = torch.cat([coronal, axial, sagittal.mT], 1), [2, 3, 0, 1, 4, 5]
    else:
        weight, order = torch.cat([axial.mT, sagittal, coronal], 1), [0, 1, 4, 5, 2, 3]
    with torch.no_grad():
        expected = layer(x).transpose(*swap)
        layer.weight.copy_(weight)
        layer.bias.copy_(layer.bias[order].clone())
        found = layer(x.transpose(*swap))[:, order]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("settings", [{"stride": (1, 2)}, {"kernel_size": (2, 3)}])
def test_unequal_settings_are_refused(settings):
    conv = nn.ConvTranspose2d(3, 6, **{"kernel_size": 3} | settings)
    with pytest.raises(UnsupportedModule, match=r"'0'.*differs between rows and columns"):
        convert(nn.Sequential(conv))
