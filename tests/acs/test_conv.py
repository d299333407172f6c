"""The ACS layer against its definition, its 2D network and the public implementation."""

import pytest
import torch
from acsconv.operators import ACSConv as PeerACSConv
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import conv3d
from torch.nn.functional import pad as pad_volume

from napari_acs.acs import ACSConv3d, dense_kernel

AXES_OF_PLANE = {0: (1, 2), 1: (0, 2), 2: (0, 1)}  # z, y, x of the 2D kernel's rows and columns


def centre(k):
    return (k - 1) // 2


def written_out(conv, split, x):
    """The definition, tap by tap and in double precision; shares no code with the layer."""
    weight, mode = conv.weight.double(), conv.padding_mode
    (kh, kw), (dh, dw), (sh, sw) = conv.kernel_size, conv.dilation, conv.stride
    below, above = (dh * centre(kh), dw * centre(kw)), (dh * (kh // 2), dw * (kw // 2))
    if conv.padding == "same":
        totals = dh * (kh - 1), dw * (kw - 1)
        pad = [(total // 2, total - total // 2) for total in totals]
    elif conv.padding == "valid":
        pad = [(0, 0), (0, 0)]
    else:
        pad = [(p, p) for p in conv.padding]
    longer = int(below[1] + above[1] > below[0] + above[0])
    lead = (0, longer, 1)  # z follows the rows, x the columns, y the longer one
    low = [max(below)] * 3
    size = max(below) + max(above) + 1
    kernel = torch.zeros(*weight.shape[:2], size, size, size, dtype=torch.float64)
    plane_of = [0] * split[0] + [1] * split[1] + [2] * split[2]
    for o, plane in enumerate(plane_of):
        rows, columns = AXES_OF_PLANE[plane]
        for i in range(kh):
            for j in range(kw):
                at = list(low)
                at[rows] += dh * (i - centre(kh))
                at[columns] += dw * (j - centre(kw))
                kernel[o, :, at[0], at[1], at[2]] = weight[o, :, i, j]
    # The first centre is where the 2D layer puts it; as many centres as the 2D layer has.
    wide = x.double()
    margin = [
        (pad[side][0] + low[0] - below[side], pad[side][1] + max(above) - above[side])
        for side in lead
    ]
    flat = [max(0, n) for pair in reversed(margin) for n in pair]
    wide = pad_volume(wide, flat, "constant" if mode == "zeros" else mode)
    for axis, (a, b) in enumerate(margin, start=2):
        cut = max(0, -a), max(0, -b)
        wide = wide.narrow(axis, cut[0], wide.shape[axis] - sum(cut))
    bias = None if conv.bias is None else conv.bias.double()
    return conv3d(wide, kernel, bias, (sh, sh, sw), groups=conv.groups)


PLAIN = [(4, 7, 1), (3, 2, 1), (5, 16, 1), (1, 1, 1)]
GROUPED = [(6, 6, 2), (4, 8, 4), (8, 20, 2), (12, 48, 4)]
MODES = ["zeros", "reflect", "replicate", "circular"]
OPTIONS = {  # what a case fixes; hypothesis draws all the rest
    "channels without groups": {"channels": PLAIN},
    "groups": {"channels": GROUPED},
    "depthwise": {"channels": [(6, 6, 6), (5, 5, 5)]},
    "depthwise with multiplier": {"channels": [(3, 12, 3), (2, 10, 2)]},
    "odd kernel": {"kernel": [(3, 3), (5, 5)]},
    "even kernel": {"kernel": [(2, 2), (4, 4)]},
    "kernel 1": {"kernel": [(1, 1)]},
    "kernel of unequal sides": {"kernel": [(1, 5), (3, 1), (2, 3), (4, 1)]},
    "stride": {"stride": [(2, 2), (3, 3)]},
    "unequal strides": {"stride": [(1, 2), (3, 1)]},
    "dilation": {"dilation": [(2, 2), (3, 3)]},
    "unequal dilations": {"dilation": [(1, 2), (3, 1)]},
    "padding": {"padding": [(1, 1), (2, 2), (4, 4)]},
    "unequal paddings": {"padding": [(0, 1), (3, 1)]},
    "padding same": {"padding": ["same"]},
    "padding valid": {"padding": ["valid"]},
    **{f"padding mode {mode}": {"mode": [mode], "padding": [(1, 1), (2, 1)]} for mode in MODES},
    "split aligned": {"split": ["aligned"], "channels": [(4, 50, 1), (2, 64, 2)]},
    "split of one's own": {"split": ["uneven"]},
}


@st.composite
def layers_and_inputs(draw, option):
    def choose(name, others):
        fixed = OPTIONS[option].get(name)
        return draw(st.sampled_from(fixed) if fixed else others)

    def pairs(low, high):
        one = st.integers(low, high)
        return st.one_of(one.map(lambda n: (n, n)), st.tuples(one, one))

    inputs, outputs, groups = choose("channels", st.sampled_from(PLAIN + GROUPED))
    kernel, dilation = choose("kernel", pairs(1, 5)), choose("dilation", pairs(1, 3))
    padding = choose("padding", st.one_of(st.sampled_from(["same", "valid"]), pairs(0, 3)))
    stride = (1, 1) if padding == "same" else choose("stride", pairs(1, 3))
    mode = choose("mode", st.sampled_from(MODES))
    split = choose("split", st.sampled_from(["even", "uneven"]))
    if split == "uneven":
        split = (outputs - outputs // 2, 0, outputs // 2)
    sides = draw(st.tuples(*[st.integers(14, 19)] * 3))
    torch.manual_seed(draw(st.integers(0, 10_000)))
    bias = draw(st.booleans())
    conv = nn.Conv2d(
        inputs, outputs, kernel, stride, padding, dilation, groups, bias, padding_mode=mode
    )
    return conv, split, torch.randn(1, inputs, *sides)


@pytest.mark.parametrize("option", OPTIONS)
def test_layer_is_the_dense_convolution_that_defines_it(option, record_property):
    @given(layers_and_inputs(option))
    @settings(max_examples=25)
    def holds(case):
        conv, split, x = case
        layer = ACSConv3d.from_conv2d(conv, split)
        expected = written_out(conv, layer.split, x)
        with torch.no_grad():
            found = layer(x)
        assert found.shape == expected.shape
        assert (found - expected).abs().max() <= 1e-5 * expected.abs().max().clamp(min=1)

    holds()
    record_property("acs layer option", option)


SQUARE = st.fixed_dictionaries(
    {
        "kernel_size": st.integers(1, 5),
        "stride": st.integers(1, 3),
        "padding": st.integers(0, 3),
        "dilation": st.integers(1, 2),
        "padding_mode": st.sampled_from(MODES),
        "groups": st.sampled_from([1, 3]),
    }
)


@given(SQUARE, st.sampled_from([(0, 2), (1, 3), (2, 4)]))
@settings(max_examples=60)
def test_a_volume_constant_along_the_axis_left_out_gives_the_2d_layer(settings_2d, plane_and_axis):
    plane, axis = plane_and_axis
    conv = nn.Conv2d(3, 6, **settings_2d)
    split = tuple(6 * (p == plane) for p in range(3))
    flat = torch.randn(1, 3, 13, 14)
    volume = flat.unsqueeze(axis).repeat_interleave(25, dim=axis)
    with torch.no_grad():
        found, expected = ACSConv3d.from_conv2d(conv, split)(volume), conv(flat)
    middle = found.select(axis, found.shape[axis] // 2)
    torch.testing.assert_close(middle, expected, rtol=1e-4, atol=1e-5)


def test_the_2d_layer_with_unequal_sides_is_the_axial_plane():
    conv = nn.Conv2d(2, 3, (5, 3), (1, 2), (2, 1), (1, 2))
    flat = torch.randn(1, 2, 13, 14)
    found = ACSConv3d.from_conv2d(conv, (3, 0, 0))(flat.unsqueeze(2).expand(-1, -1, 9, -1, -1))
    torch.testing.assert_close(found[:, :, 4], conv(flat), rtol=1e-4, atol=1e-5)


@given(SQUARE, st.sampled_from([(2, 3), (3, 4)]))
@settings(max_examples=60)
def test_permuting_axes_and_planes_together_commutes(settings_2d, swap):
    conv = nn.Conv2d(3, 9, **settings_2d | {"groups": 1})
    x = torch.randn(1, 3, 13, 14, 15)
    axial, coronal, sagittal = conv.weight.detach().split(3)
    if swap == (2, 3):  # z and y: axial (y, x) and coronal (z, x) change places
        swapped = torch.cat([coronal, axial, sagittal.mT])
        order = [3, 4, 5, 0, 1, 2, 6, 7, 8]
    else:  # y and x: coronal (z, x) and sagittal (z, y) do
        swapped = torch.cat([axial.mT, sagittal, coronal])
        order = [0, 1, 2, 6, 7, 8, 3, 4, 5]
    layer = ACSConv3d.from_conv2d(conv)
    with torch.no_grad():
        expected = layer(x).transpose(*swap)
        layer.weight.copy_(swapped)
        layer.bias.copy_(layer.bias[order].clone())
        found = layer(x.transpose(*swap))[:, order]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_dense_kernel_is_the_layer():
    layer = ACSConv3d(4, 7, 3, stride=2, padding=1).double()
    x = torch.randn(1, 4, 7, 8, 9, dtype=torch.float64, requires_grad=True)
    dense = conv3d(x, dense_kernel(layer.weight), layer.bias, 2, 1)
    torch.testing.assert_close(layer(x), dense)
    wrt, seed = (x, layer.weight, layer.bias), torch.randn_like(dense)
    expected = torch.autograd.grad(dense, wrt, seed)
    found = torch.autograd.grad(layer(x), wrt, seed)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("channels", [3, 8, 64])
def test_layer_equals_acsconv_where_that_is_right(channels):
    peer = PeerACSConv(5, channels, 3, padding=1)
    layer = ACSConv3d(5, channels, 3, padding=1)
    layer.load_state_dict(peer.state_dict(), strict=True)
    x = torch.randn(2, 5, 9, 10, 11)
    torch.testing.assert_close(layer(x), peer(x), rtol=1e-5, atol=1e-5)


def test_a_split_of_ones_own_travels_in_the_state_dict_and_the_even_one_adds_no_key():
    aligned = ACSConv3d(4, 64, 3, split="aligned")
    assert aligned.split == (32, 16, 16)
    other = ACSConv3d(4, 64, 3)
    assert set(other.state_dict()) == {"weight", "bias"}
    state = aligned.state_dict()
    other.load_state_dict(state, strict=True)
    x = torch.randn(1, 4, 6, 7, 8)
    torch.testing.assert_close(other(x), aligned(x))
    deep = nn.Sequential(nn.Sequential(ACSConv3d(4, 64, 3)))
    deep.load_state_dict(nn.Sequential(nn.Sequential(aligned)).state_dict(), strict=True)
    assert deep[0][0].split == (32, 16, 16)
    aligned.load_state_dict(nn.Conv2d(4, 64, 3).state_dict(), strict=True)
    assert aligned.split == (32, 16, 16)


@pytest.mark.parametrize("split", [(1, 1, 1), (5, -1, 0), (4, 0)])
def test_a_split_that_does_not_fit_is_refused(split):
    with pytest.raises(ValueError, match="does not share 4 channels"):
        ACSConv3d(2, 4, 3, split=split)


def test_a_2d_input_is_refused():
    with pytest.raises(ValueError, match=r"n, c, z, y, x"):
        ACSConv3d(1, 3, 3)(torch.zeros(1, 1, 8, 8))


@pytest.mark.parametrize("side", [0, 1, 2])
def test_a_side_too_short_is_refused(side):
    shape = [5, 5, 5]
    shape[side] = 2
    with pytest.raises(ValueError, match="a side of 2 voxels is too short"):
        ACSConv3d(1, 3, 3)(torch.zeros(1, 1, *shape))
