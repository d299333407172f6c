"""The 3D counterparts of pooling, padding and upsampling: pairs become triples.

Rows of a picture lie along y or z, columns along x or y. As in :mod:`napari_acs.acs.geometry`, what
differs between them is taken from the rows for z and y, and from the columns for x.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from napari_acs.acs.averages import AvgPool3d
from napari_acs.acs.tricubic import TricubicUpsample

UPSAMPLING = {
    "nearest": "nearest",
    "nearest-exact": "nearest-exact",
    "area": "area",
    "bilinear": "trilinear",
}
"""2D mode of interpolation to torch's 3D one; bicubic has a function of our own."""


def triple(value: Any) -> Any:
    """Make a (rows, columns) pair (rows, rows, columns); one number, or None, stays."""
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ValueError(f"{tuple(value)} is not a pair of rows and columns")
        return value[0], value[0], value[1]
    return value


def triple_margins(pad: Any) -> Any:
    """Make (left, right, top, bottom) a margin of a volume; z gets that of the rows."""
    if isinstance(pad, int) or len(pad) <= 2:
        return pad
    left, right, top, bottom, *rest = pad
    return (left, right, top, bottom, top, bottom, *rest)


def max_pool(m: nn.MaxPool2d) -> nn.Module:
    """Return the ``MaxPool3d`` of a layer."""
    return nn.MaxPool3d(
        triple(m.kernel_size),
        triple(m.stride),
        triple(m.padding),
        triple(m.dilation),
        m.return_indices,
        m.ceil_mode,
    )


def max_unpool(m: nn.MaxUnpool2d) -> nn.Module:
    """Return the ``MaxUnpool3d`` of a layer."""
    return nn.MaxUnpool3d(triple(m.kernel_size), triple(m.stride), triple(m.padding))


def avg_pool(m: nn.AvgPool2d) -> nn.Module:
    """Return the average pooling of a layer; a divisor counts the third axis too."""
    kernel = triple(m.kernel_size)
    divisor = m.divisor_override
    if divisor is not None:
        divisor *= kernel if isinstance(kernel, int) else kernel[0]
    return AvgPool3d(
        kernel, triple(m.stride), triple(m.padding), m.ceil_mode, m.count_include_pad, divisor
    )


def adaptive_avg_pool(m: nn.AdaptiveAvgPool2d) -> nn.Module:
    """Return the ``AdaptiveAvgPool3d`` of a layer."""
    return nn.AdaptiveAvgPool3d(triple(m.output_size))


def adaptive_max_pool(m: nn.AdaptiveMaxPool2d) -> nn.Module:
    """Return the ``AdaptiveMaxPool3d`` of a layer."""
    return nn.AdaptiveMaxPool3d(triple(m.output_size), m.return_indices)


def upsample(m: nn.Upsample) -> nn.Module:
    """Return the upsampling of volumes, with bilinear made trilinear and bicubic tricubic."""
    size, factor = triple(m.size), triple(m.scale_factor)
    if m.mode == "bicubic":
        return TricubicUpsample(size, factor, m.align_corners)
    if m.mode not in UPSAMPLING:
        raise ValueError(f"mode={m.mode!r} has no 3D counterpart")
    return nn.Upsample(size, factor, UPSAMPLING[m.mode], m.align_corners, m.recompute_scale_factor)


def zero_pad(m: nn.ZeroPad2d) -> nn.Module:
    """Return the ``ZeroPad3d`` of a layer."""
    return nn.ZeroPad3d(triple_margins(m.padding))


def constant_pad(m: nn.ConstantPad2d) -> nn.Module:
    """Return the ``ConstantPad3d`` of a layer."""
    return nn.ConstantPad3d(triple_margins(m.padding), m.value)


def reflection_pad(m: nn.ReflectionPad2d) -> nn.Module:
    """Return the ``ReflectionPad3d`` of a layer."""
    return nn.ReflectionPad3d(triple_margins(m.padding))


def replication_pad(m: nn.ReplicationPad2d) -> nn.Module:
    """Return the ``ReplicationPad3d`` of a layer."""
    return nn.ReplicationPad3d(triple_margins(m.padding))


def circular_pad(m: nn.CircularPad2d) -> nn.Module:
    """Return the ``CircularPad3d`` of a layer."""
    return nn.CircularPad3d(triple_margins(m.padding))
