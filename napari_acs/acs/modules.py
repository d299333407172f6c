"""What becomes of every torch module that is not a convolution."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from napari_acs.acs import pools


def _batch_norm(m: nn.BatchNorm2d) -> nn.Module:
    new = nn.BatchNorm3d(m.num_features, m.eps, m.momentum, m.affine, m.track_running_stats)
    return _share(m, new)


def _instance_norm(m: nn.InstanceNorm2d) -> nn.Module:
    momentum = 0.1 if m.momentum is None else m.momentum
    new = nn.InstanceNorm3d(m.num_features, m.eps, momentum, m.affine, m.track_running_stats)
    new.momentum = m.momentum
    return _share(m, new)


def _share(
    old: nn.BatchNorm2d | nn.InstanceNorm2d, new: nn.BatchNorm3d | nn.InstanceNorm3d
) -> nn.Module:
    new.weight, new.bias = old.weight, old.bias
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        new._buffers[name] = old._buffers.get(name)
    return new


def _dropout(m: nn.Dropout2d) -> nn.Module:
    return nn.Dropout3d(m.p, m.inplace)


def _softmax(m: nn.Softmax2d) -> nn.Module:
    return nn.Softmax(dim=1)


COUNTERPARTS: dict[type[nn.Module], Callable[..., nn.Module]] = {
    nn.BatchNorm2d: _batch_norm,
    nn.InstanceNorm2d: _instance_norm,
    nn.MaxPool2d: pools.max_pool,
    nn.MaxUnpool2d: pools.max_unpool,
    nn.AvgPool2d: pools.avg_pool,
    nn.AdaptiveAvgPool2d: pools.adaptive_avg_pool,
    nn.AdaptiveMaxPool2d: pools.adaptive_max_pool,
    nn.Dropout2d: _dropout,
    nn.Softmax2d: _softmax,
    nn.Upsample: pools.upsample,
    nn.UpsamplingNearest2d: pools.upsample,
    nn.UpsamplingBilinear2d: pools.upsample,
    nn.ZeroPad2d: pools.zero_pad,
    nn.ConstantPad2d: pools.constant_pad,
    nn.ReflectionPad2d: pools.reflection_pad,
    nn.ReplicationPad2d: pools.replication_pad,
    nn.CircularPad2d: pools.circular_pad,
}
"""Type of a 2D module to a function that makes its 3D counterpart, sharing parameters."""

SAME_IN_3D: frozenset[type[nn.Module]] = frozenset(
    {
        # Element by element.
        *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.RReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU),
        *(nn.Mish, nn.Sigmoid, nn.LogSigmoid, nn.Tanh, nn.Tanhshrink, nn.Hardswish, nn.Hardtanh),
        *(nn.Hardsigmoid, nn.Hardshrink, nn.Softplus, nn.Softshrink, nn.Softsign, nn.Threshold),
        *(nn.Identity, nn.Dropout, nn.AlphaDropout),
        # By channel, the first axis after the batch.
        *(nn.PReLU, nn.GroupNorm, nn.SyncBatchNorm, nn.LocalResponseNorm, nn.FeatureAlphaDropout),
        *(nn.ChannelShuffle, nn.BatchNorm1d),
        # On the last axis, which is the channels where a 2D network puts one of these.
        *(nn.Linear, nn.LayerNorm),
        # Whose own forward only calls what they hold.
        *(nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict),
    }
)
"""Modules that work on any number of spatial axes as they are."""

ONE_AXIS: frozenset[type[nn.Module]] = frozenset(
    {nn.Softmax, nn.LogSoftmax, nn.GLU, nn.Conv1d, nn.Unflatten, nn.AdaptiveAvgPool1d}
)
"""Modules that work along one axis; a trial has to show that it is still the right one."""

REFUSED: dict[type[nn.Module], str] = {
    nn.PixelUnshuffle: "each of its channels holds every r-th pixel of a plane, and no rule says "
    "which voxels across the plane belong to it",
    nn.LPPool2d: "its sums would grow with the third axis",
    nn.Unfold: "its columns would have a third axis that the layer behind it has no weights for",
    nn.Fold: "its columns have no third axis",
    nn.Transformer: "attention is no convolution",
    nn.TransformerEncoder: "attention is no convolution",
    nn.TransformerDecoder: "attention is no convolution",
    nn.TransformerEncoderLayer: "attention is no convolution",
    nn.TransformerDecoderLayer: "attention is no convolution",
    nn.MultiheadAttention: "attention is no convolution",
}
"""Modules that have no counterpart, and why."""

SAME_BY_NAME = frozenset({("torchvision.ops.stochastic_depth", "StochasticDepth")})
"""(module, class) of dimension-free leaves outside torch, named so as not to import their home."""


def refuse_sizes(m: nn.Module) -> None:
    """Raise ValueError where a module's weights have a place for every pixel."""
    if isinstance(m, nn.LayerNorm) and len(m.normalized_shape) > 1:
        raise ValueError(
            f"normalized_shape={m.normalized_shape} has weights for a picture of one size"
        )
