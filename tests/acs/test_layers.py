"""Layers that are not convolutions: each in a small network, against the 2D network on slices."""

import numpy as np
import pytest
import torch
from torch import nn

from napari_acs.acs import UnsupportedModule, convert
from napari_acs.acs.averages import avg_pool3d
from napari_acs.acs.tricubic import interpolate_tricubic

C = 6
LAYERS = {
    "BatchNorm2d": nn.BatchNorm2d(C),
    "SyncBatchNorm": nn.SyncBatchNorm(C),
    "InstanceNorm2d": nn.InstanceNorm2d(C, affine=True, track_running_stats=True),
    "GroupNorm": nn.GroupNorm(2, C),
    "LocalResponseNorm": nn.LocalResponseNorm(3),
    "MaxPool2d": nn.MaxPool2d(3, 2, 1),
    "MaxPool2d of pairs": nn.MaxPool2d((2, 3), (2, 1), (1, 0), ceil_mode=True),
    "AvgPool2d": nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "AvgPool2d of pairs": nn.AvgPool2d((3, 2), (1, 2), ceil_mode=True),
    "AvgPool2d with a divisor": nn.AvgPool2d((3, 2), divisor_override=4),
    "AdaptiveAvgPool2d": nn.AdaptiveAvgPool2d((3, None)),
    "AdaptiveMaxPool2d": nn.AdaptiveMaxPool2d((2, 3)),
    "Dropout2d": nn.Dropout2d(0.5),
    "FeatureAlphaDropout": nn.FeatureAlphaDropout(0.5),
    "Softmax2d": nn.Softmax2d(),
    "Softmax": nn.Softmax(dim=1),
    "ChannelShuffle": nn.ChannelShuffle(2),
    "PixelShuffle": nn.Sequential(nn.Conv2d(C, 12, 1), nn.PixelShuffle(2)),
    "ConvTranspose2d": nn.ConvTranspose2d(C, 9, 4, 2, 1),
    "Upsample nearest": nn.Upsample(scale_factor=(2, 3)),
    "Upsample nearest-exact": nn.Upsample(size=(13, 11), mode="nearest-exact"),
    "Upsample bilinear": nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
    "Upsample bicubic": nn.Upsample(scale_factor=(1.5, 2), mode="bicubic"),
    "UpsamplingBilinear2d": nn.UpsamplingBilinear2d(scale_factor=2),
    "ZeroPad2d": nn.Sequential(nn.ZeroPad2d((1, 2, 0, 3)), nn.Conv2d(C, C, 4)),
    "ConstantPad2d": nn.Sequential(nn.ConstantPad2d((1, 2, 2, 1), 3.0), nn.Conv2d(C, C, 4)),
    "ReflectionPad2d": nn.ReflectionPad2d((1, 2, 0, 3)),
    "ReplicationPad2d": nn.ReplicationPad2d((1, 2, 0, 3)),
    "CircularPad2d": nn.CircularPad2d((1, 2, 0, 3)),
    "MaxUnpool2d": None,
    "PReLU by channel": nn.PReLU(C),
    "Flatten and Linear": nn.Sequential(nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(24, 3)),
}


class Unpooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d((2, 3), return_indices=True)
        self.unpool = nn.MaxUnpool2d((2, 3))

    def forward(self, x):
        pooled, where = self.pool(x)
        return self.unpool(pooled, where)


@pytest.mark.parametrize("name", LAYERS)
def test_layer_is_itself_on_slices(name, assert_2d_on_slices, record_property):
    torch.manual_seed(0)
    layer = LAYERS[name] or Unpooled()
    flat = nn.Sequential(nn.Conv2d(3, C, 3, padding=1), layer).eval()
    if name == "MaxUnpool2d":  # of a slab, the maximum is in one slice alone
        solid = convert(flat)
        assert solid(torch.randn(1, 3, 8, 8, 9)).shape == (1, C, 8, 8, 9)
    else:
        assert_2d_on_slices(flat, (12, 12, 12), (13, 12, 15))
    solid = convert(flat).train()
    if name != "SyncBatchNorm":  # trains on GPUs only
        solid(torch.randn(2, 3, 12, 12, 12)).square().sum().backward()
        assert all(p.grad is not None for p in solid.parameters())
    record_property("acs layer", name)


IN_PLANES = ("PixelShuffle", "ConvTranspose2d", "Flatten and Linear", "ZeroPad2d", "ConstantPad2d")


@pytest.mark.parametrize("name", [n for n in LAYERS if n not in IN_PLANES])
def test_z_and_y_are_rows_alike(name):
    solid = convert(LAYERS[name] or Unpooled()).eval()
    x = torch.randn(1, C, 8, 10, 9)
    with torch.no_grad():
        found = solid(x.transpose(2, 3).contiguous())
        torch.testing.assert_close(found, solid(x).transpose(2, 3))


REFUSED = [
    nn.PixelUnshuffle(2),
    nn.LPPool2d(2, 2),
    nn.Unfold(3),
    nn.Fold((4, 4), 2),
    nn.LayerNorm((3, 8, 8)),
    nn.LazyConv2d(4, 3),
    nn.Conv3d(3, 4, 3),
    nn.Flatten(0),
    nn.FractionalMaxPool2d(2, output_size=3),
    nn.LSTM(3, 3),
]


@pytest.mark.parametrize("layer", REFUSED, ids=lambda layer: type(layer).__name__)
def test_layer_is_refused_by_name(layer, record_property):
    with pytest.raises(UnsupportedModule, match=r"module '1\.0' \(" + type(layer).__name__) as no:
        convert(nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(layer)))
    why = str(no.value).partition("): ")[2]
    record_property("acs refused", f"nn.{type(layer).__name__}\t{why}")


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("how", [{"size": (7, 9, 4)}, {"scale_factor": (1.5, 2.0, 0.7)}])
def test_tricubic_is_the_cubic_of_each_axis(align_corners, how):
    x = torch.randn(2, 3, 5, 6, 7, dtype=torch.float64)
    found = interpolate_tricubic(x, **how, align_corners=align_corners).numpy()
    expected = x.numpy()
    for axis, out in enumerate(found.shape[2:], start=2):
        n = expected.shape[axis]
        step = how["scale_factor"][axis - 2] if "scale_factor" in how else out / n
        weights = np.zeros((out, n))
        for i in range(out):
            place = i * (n - 1) / (out - 1) if align_corners else (i + 0.5) / step - 0.5
            base = int(np.floor(place))
            for j in range(base - 1, base + 3):
                weights[i, min(max(j, 0), n - 1)] += cubic(abs(place - j))
        expected = np.moveaxis(np.tensordot(weights, expected, axes=(1, axis)), 0, axis)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def cubic(t, a=-0.75):
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


def box_averages(x, k, s, p, counted, divisor):
    """Averages window by window, as torch's manual defines them."""
    windows = []
    for n in x.shape[2:]:
        starts = range(-p, n + p - k + 1, s)
        windows.append([(max(a, 0), min(a + k, n), min(a + k, n + p) - a) for a in starts])
    out = np.zeros((*x.shape[:2], *map(len, windows)))
    for i, j, m in np.ndindex(*out.shape[2:]):
        box = windows[0][i], windows[1][j], windows[2][m]
        part = x[:, :, *(slice(a, b) for a, b, _ in box)]
        size = np.prod([n if counted else b - a for a, b, n in box])
        out[:, :, i, j, m] = part.sum((2, 3, 4)) / (divisor or size)
    return out


@pytest.mark.parametrize("sides", [(2, 6, 1), (5, 6, 7)], ids=["small", "large enough"])
@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("divisor", [None, 5])
def test_averages_of_volumes_smaller_than_the_window(sides, counted, divisor):
    x = torch.randn(2, 3, *sides, dtype=torch.float64)
    found = avg_pool3d(x, 3, 2, 1, False, counted, divisor)
    np.testing.assert_allclose(found, box_averages(x.numpy(), 3, 2, 1, counted, divisor))
