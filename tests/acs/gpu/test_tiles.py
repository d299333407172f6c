"""What the GPU kernel is fed with: tiles, taps, codes and packed weights, without triton."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from napari_acs.acs import ACSConv3d
from napari_acs.acs.gpu.config import Config, Problem, configs, finalists
from napari_acs.acs.gpu.pack import pack
from napari_acs.acs.gpu.tiles import output_size

ONE = st.integers(1, 3)


@st.composite
def layers(draw):
    def pair(low, high):
        one = st.integers(low, high)
        return draw(st.one_of(one.map(lambda n: (n, n)), st.tuples(one, one)))

    kernel, dilation, same = pair(1, 7), pair(1, 3), draw(st.booleans())
    conv = nn.Conv2d(
        draw(st.integers(1, 5)),
        channels := draw(st.integers(1, 40)),
        kernel,
        1 if same else pair(1, 3),
        "same" if same else pair(0, 3),
        dilation,
        bias=draw(st.booleans()),
    )
    split = draw(st.sampled_from(["even", "uneven"]))
    return ACSConv3d.from_conv2d(conv, (channels - 1, 0, 1) if split == "uneven" else split)


def as_the_kernel_does(x, packed):
    """The kernel's own arithmetic in plain torch: its taps, its tiles, its packed weights."""
    size = output_size(packed.geometry, tuple(x.shape[2:]))
    strides = (packed.geometry.stride[0],) * 2 + (packed.geometry.stride[1],)
    rows = x.permute(0, 2, 3, 4, 1)
    out = x.new_full((x.shape[0], *size, packed.out_channels), float("nan"))
    for first, channels, begin, count, *words in packed.tiles.tolist():
        total = 0
        for t in range(count):
            place = packed.taps[begin + t].tolist()
            if packed.codes:
                coded = zip(packed.codes.base, packed.codes.step, words, strict=True)
                place = [base + step * ((word >> (2 * t)) & 3) for base, step, word in coded]
            voxels = rows
            for axis, (start, stride, side) in enumerate(
                zip(place, strides, size, strict=True), start=1
            ):
                at = start + stride * torch.arange(side)
                inside = (at >= 0) & (at < rows.shape[axis])
                shape = [-1 if a == axis else 1 for a in range(5)]
                kept = voxels.index_select(axis, at.clamp(0, rows.shape[axis] - 1))
                voxels = kept * inside.view(shape)
            weight = packed.weight[begin + t, :channels, : packed.in_channels]
            total = total + voxels @ weight.T
        out[..., first : first + channels] = total
    return out.permute(0, 4, 1, 2, 3) + (
        0 if packed.bias is None else packed.bias.view(-1, 1, 1, 1)
    )


@given(layers(), st.sampled_from([16, 32]), st.booleans(), st.tuples(*[st.integers(19, 21)] * 3))
@settings(max_examples=80)
def test_packed_weights_at_their_taps_are_the_layer(layer, width, across, sides):
    x = torch.randn(1, layer.in_channels, *sides)
    packed = pack(layer, torch.float32, Config(64, width, 16, across, "l1", 4, 2))
    with torch.no_grad():
        expected = layer(x)
        torch.testing.assert_close(as_the_kernel_does(x, packed), expected, rtol=1e-4, atol=1e-5)


def test_three_by_three_kernels_are_coded_and_share_the_axes():
    layer = ACSConv3d(16, 64, 3, padding=1)
    across = pack(layer, torch.float32, Config(128, 64, 16, True, "l1", 4, 2))
    apart = pack(layer, torch.float32, Config(128, 32, 16, False, "l1", 4, 2))
    assert across.codes and apart.codes
    assert (len(across.taps), len(apart.taps)) == (19, 27)
    assert across.even_tiles and not apart.even_tiles


def test_kernels_too_wide_for_codes_are_listed():
    packed = pack(ACSConv3d(4, 8, 5), torch.float32, Config(64, 16, 16, False, "l1", 4, 2))
    assert packed.codes is None and len(packed.taps) == 75


@pytest.mark.parametrize(
    ("change", "word"),
    [({"groups": 2}, "groups=2"), ({"dtype": torch.float64}, "float64"), ({"act": "tanh"}, "tanh")],
)
def test_what_cannot_be_packed_is_refused(change, word):
    layer = ACSConv3d(4, 8, 3, groups=change.get("groups", 1))
    config = Config(64, 16, 16, True, "l1", 4, 2)
    with pytest.raises(ValueError, match=word):
        pack(layer, change.get("dtype", torch.float32), config, change.get("act", "none"))


@given(
    layers(),
    st.sampled_from([2, 4]),
    st.sampled_from([99 * 1024, 227 * 1024]),
    st.booleans(),
    st.integers(15, 200),
)
def test_every_choice_fits_the_device(layer, itemsize, shared, bulk, side):
    problem = Problem(
        layer.geometry,
        layer.split,
        layer.in_channels,
        1,
        (side + 4, side + 5, side + 6),
        itemsize,
        bulk=bulk,
        shared_memory=shared,
    )
    found = configs(problem)
    for config in found:
        stage = (config.voxels + config.width) * config.depth * itemsize
        assert 2 * config.stages * stage <= shared
        assert config.voxels * config.width // (32 * config.warps) <= 64
        z, y, x = config.box(output_size(problem.geometry, problem.size))
        assert z * y * x == config.voxels
        aligned = layer.in_channels * itemsize % 16 == 0 and max(layer.stride) == 1
        assert config.fetch != "bulk" or (bulk and aligned)
    best = finalists(problem)
    assert best[0] == found[0]
    assert len({(config.fetch, config.across) for config in best}) == len(best)
