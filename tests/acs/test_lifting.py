"""Forwards that call 2D functions, or look at shapes: lifted, tried, or refused by name."""

import copy

import pytest
import torch
from torch import fx, nn
from torch.nn import functional

from napari_acs.acs import UnsupportedModule, convert

C = 6


class Calls(nn.Module):
    """A convolution, and a function of its features and of the module."""

    def __init__(self, function):
        super().__init__()
        self.conv = nn.Conv2d(3, C, 3, padding=1)
        self.scale = nn.Parameter(torch.rand(C, 1, 1) + 0.5)
        self.register_buffer("shift", torch.randn(1, C, 1, 1))
        self.weight = nn.Parameter(torch.randn(C))
        self.norm = nn.LayerNorm(C)
        self.fc = nn.Linear(C, C)
        if function is efficient_attention:
            self.mix = nn.Conv1d(1, 1, 3, padding=1)
        self.function = function

    def forward(self, x):
        return self.function(self, self.conv(x))


def shuffle(m, x):
    b, c, h, w = x.shape
    return x.view(b, 2, c // 2, h, w).transpose(1, 2).reshape(b, c, h, w)


def shuffle_by_permute(m, x):
    n, c, h, w = x.size()
    return torch.permute(x.view(n, 3, c // 3, h, w), (0, 2, 1, 3, 4)).contiguous().view(n, c, h, w)


def channels_last(m, x):
    x = m.fc(m.norm(x.permute(0, 2, 3, 1)))
    return x.permute(0, 3, 1, 2)


def squeeze_excite(m, x):
    b, c = x.size()[:2]
    y = m.fc(functional.adaptive_avg_pool2d(x, 1).view(b, c)).sigmoid()
    return x * y.view(b, c, 1, 1)


def efficient_attention(m, x):
    y = x.mean((2, 3)).view(x.shape[0], 1, -1)
    y = m.mix(y).view(x.shape[0], -1, 1, 1).sigmoid()
    return x * y.expand_as(x)


def by_hand(m, x):
    n, c = x.size(0), x.size(1)
    b, _, h, w = x.shape
    mean = x.reshape(n, c, h * w).mean(-1)
    return x + mean.view(b, c, 1, 1)


def axes_counted(m, x):
    torch._assert(x.ndim == 4, "no picture")
    torch._assert(x.dim() == 4, "no picture")
    return x


CALLS = {
    "adaptive_avg_pool2d": lambda m, x: functional.adaptive_avg_pool2d(x, (2, 3)),
    "adaptive_max_pool2d": lambda m, x: functional.adaptive_max_pool2d(x, 2),
    "avg_pool2d": lambda m, x: functional.avg_pool2d(x, 3, stride=2, padding=1),
    "avg_pool2d over all": lambda m, x: functional.avg_pool2d(x, x.size()[2:]).flatten(1),
    "avg_pool2d over pairs": lambda m, x: functional.avg_pool2d(x, (x.size(2), x.size(3))),
    "max_pool2d": lambda m, x: functional.max_pool2d(x, (2, 3), (1, 2), ceil_mode=True),
    "max_pool2d of torch": lambda m, x: torch.max_pool2d(x, 2),
    "dropout2d": lambda m, x: functional.dropout2d(x, 0.5, m.training),
    "interpolate": lambda m, x: functional.interpolate(x, scale_factor=2),
    "interpolate bilinear": lambda m, x: functional.interpolate(
        x, scale_factor=(2, 3), mode="bilinear", align_corners=False
    ),
    "interpolate bicubic": lambda m, x: functional.interpolate(x, (9, 8), None, "bicubic"),
    "interpolate to another's size": lambda m, x: functional.interpolate(
        functional.max_pool2d(x, 2), size=x.shape[-2:], mode="bilinear"
    ),
    "interpolate to sides": lambda m, x: functional.interpolate(
        functional.max_pool2d(x, 2), size=(x.shape[-2] * 2, x.shape[-1] + 1)
    ),
    "pad": lambda m, x: functional.avg_pool2d(functional.pad(x, (1, 2, 2, 0), "replicate"), 2),
    "pad of channels": lambda m, x: functional.pad(x, (0, 0, 0, 0, 1, 2)),
    "pixel_shuffle": lambda m, x: functional.pixel_shuffle(torch.cat([x, x], 1), 2),
    "mean": lambda m, x: x.mean([2, 3]),
    "mean, kept": lambda m, x: x * torch.mean(x, dim=(-2, -1), keepdim=True),
    "mean, twice": lambda m, x: x.mean(3).mean(2),
    "mean, twice and kept": lambda m, x: x.mean(-1, keepdim=True).mean(-2, keepdim=True),
    "mean of channels": lambda m, x: x.mean(1, keepdim=True),
    "mean with the channels": lambda m, x: x.mean((1, 2, 3)),
    "amax": lambda m, x: x.amax(dim=(2, 3)),
    "squeeze": lambda m, x: functional.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1),
    "squeeze of pairs": lambda m, x: functional.adaptive_avg_pool2d(x, 1).squeeze((2, 3)),
    "unsqueeze": lambda m, x: x * x.mean((2, 3)).unsqueeze(-1).unsqueeze(-1),
    "None as index": lambda m, x: x * x.mean((2, 3))[:, :, None, None],
    "flatten": lambda m, x: torch.flatten(functional.adaptive_avg_pool2d(x, 2), 1),
    "view to two": lambda m, x: functional.adaptive_avg_pool2d(x, 2).view(-1, C * 4),
    "flatten of sides": lambda m, x: x.flatten(2).mean(-1),
    "parameter by channel": lambda m, x: x * m.scale + m.shift,
    "parameter viewed": lambda m, x: x * m.weight.view(1, -1, 1, 1),
    "parameter indexed": lambda m, x: x * m.weight[None, :, None, None],
    "constant": lambda m, x: x - torch.tensor([0.5] * C).view(1, C, 1, 1),
    "channel shuffle": shuffle,
    "channel shuffle by permute": shuffle_by_permute,
    "channels last": channels_last,
    "squeeze and excite": squeeze_excite,
    "efficient channel attention": efficient_attention,
    "sides multiplied": by_hand,
    "cut by steps": lambda m, x: x[:, :, ::2, 1:],
    "cut to another's sides": lambda m, x: functional.max_pool2d(x, 3, 1, 1)[
        :, :, : x.shape[2], : x.shape[3]
    ],
    "cut after an ellipsis": lambda m, x: x[..., 1:, :-1],
    "split of channels": lambda m, x: torch.cat(x.chunk(2, dim=1)[::-1], dim=1),
    "axes counted": axes_counted,
    "expand": lambda m, x: (
        x + functional.adaptive_avg_pool2d(x, 1).expand(-1, -1, x.size(2), x.size(3))
    ),
    "instance_norm": lambda m, x: functional.instance_norm(x),
}


class Tracer(fx.Tracer):
    def is_leaf_module(self, m, module_qualified_name):
        return not list(m.children())


@pytest.mark.parametrize("name", CALLS)
def test_call_is_itself_on_slices_trains_and_travels(name, assert_2d_on_slices, record_property):
    torch.manual_seed(0)
    flat = Calls(CALLS[name]).eval()
    assert_2d_on_slices(flat, (12, 12, 12), (12, 9, 14))
    solid = convert(flat)
    solid.train()(torch.randn(2, 3, 12, 12, 12)).square().sum().backward()
    assert solid.conv.weight.grad.abs().max() > 0
    solid.eval()
    x = torch.randn(1, 3, 8, 8, 8)
    torch.testing.assert_close(copy.deepcopy(solid)(x), solid(x))
    graph = Tracer().trace(solid)
    torch.testing.assert_close(fx.GraphModule(solid, graph)(x), solid(x))
    record_property("acs call", name)


IN_PLANES = ("pixel_shuffle", "flatten", "view to two")


@pytest.mark.parametrize("name", [n for n in CALLS if n not in IN_PLANES])
def test_z_and_y_are_rows_alike(name):
    solid = convert(Calls(CALLS[name])).eval()
    solid.conv = nn.Identity()  # what has planes
    x = torch.randn(1, C, 8, 9, 10)
    with torch.no_grad():
        one, other = solid(x), solid(x.transpose(2, 3))
    expected = one.transpose(2, 3) if one.dim() == 5 else one
    torch.testing.assert_close(other, expected, rtol=1e-4, atol=1e-5)


def data_decides(m, x):
    return x.relu() if x.mean() > 0 else x.mean((2, 3))


def sides_decide(m, x):
    return x.mean((2, 3)) if x.shape[-1] > 10 else x.amax((2, 3))


REFUSED = {
    "conv2d": (lambda m, x: functional.conv2d(x, m.conv.weight[:, :1]), "conv2d on weights of"),
    "grid_sample": (lambda m, x: functional.grid_sample(x, x[:, :2].mT), "grid_sample"),
    "unfold": (lambda m, x: functional.unfold(x, 2), "unfold"),
    "lp_pool2d": (lambda m, x: functional.lp_pool2d(x, 2, 2), "2d, which has no 3D counterpart"),
    "antialias": (
        lambda m, x: functional.interpolate(x, (4, 4), mode="bilinear", antialias=True),
        "antialias",
    ),
    "a divisor": (lambda m, x: functional.avg_pool2d(x, 2, divisor_override=3), "divisor"),
    "sum": (lambda m, x: x.sum((2, 3)), "sum"),
    "std": (lambda m, x: x.std((2, 3)), "std"),
    "rows alone": (lambda m, x: x.mean(2), "one side of the picture"),
    "max of columns": (lambda m, x: x.max(3)[0], "max"),
    "transpose": (lambda m, x: x.transpose(2, 3).mean(3), "transpose"),
    "one unsqueeze": (lambda m, x: x.mean((2, 3)).unsqueeze(2) * x.flatten(2), "unsqueeze"),
    "vector on columns": (lambda m, x: x[:, :, :, :6] * m.weight, "computes with weight"),
    "softmax of columns": (lambda m, x: x.softmax(-1), "softmax"),
    "attention": (
        lambda m, x: functional.scaled_dot_product_attention(x, x, x),
        "is a transformer",
    ),
    "a branch by the data": (data_decides, "cannot be traced .* and names mean"),
    "a branch by the sides": (sides_decide, "cannot be traced .* and names amax"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_and_fails_is_refused_by_name(name, record_property):
    function, why = REFUSED[name]
    with pytest.raises(UnsupportedModule, match=rf"module '1' \(Calls\).*{why}") as refusal:
        convert(nn.Sequential(nn.Identity(), Calls(function)).eval())
    record_property("acs refused", f"call: {name}\t{str(refusal.value).partition('): ')[2]}")


def test_a_channel_parameter_is_not_taken_for_a_side():
    """(C, 1, 1) lines up with (z, y, x) unnoticed where z has C voxels."""
    flat = Calls(lambda m, x: x * m.scale).eval()
    x = torch.randn(1, 3, C, 7, 8)
    solid = convert(flat)
    torch.testing.assert_close(solid(x), solid.conv(x) * flat.scale.view(1, C, 1, 1, 1))
