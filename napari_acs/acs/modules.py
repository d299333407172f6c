"""The 3D counterpart of every 2D module that is not a convolution."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn


def _one(value: object, name: str) -> int | None:
    """Return the one number of an equal-sided setting; refuse unequal sides."""
    if isinstance(value, tuple | list):
        if len(set(value)) != 1:
            raise ValueError(f"{name}={tuple(value)} differs between the axes")
        value = value[0]
    if value is None or isinstance(value, int):
        return value
    raise ValueError(f"{name}={value!r} is not a whole number")


def _int(value: object, name: str) -> int:
    number = _one(value, name)
    if number is None:
        raise ValueError(f"{name} is not set")
    return number


def _pooled_to_one(m: nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d) -> int:
    if _int(m.output_size, "output_size") != 1:
        raise ValueError(
            f"output_size={m.output_size!r}: the linear layer behind it has weights for a flat "
            "grid, so only pooling to 1 can be made 3D; convert the network's features instead"
        )
    return 1


def _batch_norm(m: nn.BatchNorm2d) -> nn.Module:
    new = nn.BatchNorm3d(m.num_features, m.eps, m.momentum, m.affine, m.track_running_stats)
    new.weight, new.bias = m.weight, m.bias
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        new._buffers[name] = m._buffers[name]
    return new


def _instance_norm(m: nn.InstanceNorm2d) -> nn.Module:
    new = nn.InstanceNorm3d(
        m.num_features, m.eps, m.momentum or 0.1, m.affine, m.track_running_stats
    )
    new.weight, new.bias = m.weight, m.bias
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        new._buffers[name] = m._buffers.get(name)
    return new


def _max_pool(m: nn.MaxPool2d) -> nn.Module:
    return nn.MaxPool3d(
        _int(m.kernel_size, "kernel_size"),
        _one(m.stride, "stride"),
        _int(m.padding, "padding"),
        _int(m.dilation, "dilation"),
        m.return_indices,
        m.ceil_mode,
    )


def _avg_pool(m: nn.AvgPool2d) -> nn.Module:
    if m.divisor_override is not None:
        raise ValueError("divisor_override has no 3D counterpart")
    return nn.AvgPool3d(
        _int(m.kernel_size, "kernel_size"),
        _one(m.stride, "stride"),
        _int(m.padding, "padding"),
        m.ceil_mode,
        m.count_include_pad,
    )


def _adaptive_avg_pool(m: nn.AdaptiveAvgPool2d) -> nn.Module:
    return nn.AdaptiveAvgPool3d(_pooled_to_one(m))


def _adaptive_max_pool(m: nn.AdaptiveMaxPool2d) -> nn.Module:
    return nn.AdaptiveMaxPool3d(_pooled_to_one(m), m.return_indices)


def _dropout(m: nn.Dropout2d) -> nn.Module:
    return nn.Dropout3d(m.p, m.inplace)


def _upsample(m: nn.Upsample) -> nn.Module:
    modes = {"nearest": "nearest", "bilinear": "trilinear", "nearest-exact": "nearest-exact"}
    if m.mode not in modes:
        raise ValueError(f"mode={m.mode!r} has no 3D counterpart")
    size = None if m.size is None else _int(m.size, "size")
    factor = m.scale_factor
    if isinstance(factor, tuple):
        if len(set(factor)) != 1:
            raise ValueError(f"scale_factor={factor} differs between the axes")
        factor = factor[0]
    return nn.Upsample(size, factor, modes[m.mode], m.align_corners)


COUNTERPARTS: dict[type[nn.Module], Callable[..., nn.Module]] = {
    nn.BatchNorm2d: _batch_norm,
    nn.InstanceNorm2d: _instance_norm,
    nn.MaxPool2d: _max_pool,
    nn.AvgPool2d: _avg_pool,
    nn.AdaptiveAvgPool2d: _adaptive_avg_pool,
    nn.AdaptiveMaxPool2d: _adaptive_max_pool,
    nn.Dropout2d: _dropout,
    nn.Upsample: _upsample,
    nn.UpsamplingNearest2d: _upsample,
    nn.UpsamplingBilinear2d: _upsample,
}
"""Exact type of a 2D module to a function that makes its 3D counterpart, sharing parameters."""

SAME_IN_3D: tuple[type[nn.Module], ...] = (
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.PReLU,
    nn.ELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Sigmoid,
    nn.Tanh,
    nn.Hardswish,
    nn.Hardsigmoid,
    nn.Hardtanh,
    nn.Softplus,
    nn.Identity,
    nn.Dropout,
    nn.AlphaDropout,
    nn.GroupNorm,
    nn.Linear,
    nn.Flatten,
    nn.LogSoftmax,
)
"""Leaf modules that work on any number of spatial axes as they are."""

SAME_BY_NAME = frozenset({("torchvision.ops.stochastic_depth", "StochasticDepth")})
"""(module, class) of dimension-free leaves outside torch, named so as not to import their home."""
