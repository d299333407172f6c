"""A convolution layer as plain 3D convolutions: the ways that an engine can choose between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor, nn

from napari_acs.acs.conv import ACSConv3d, dense_kernel
from napari_acs.acs.geometry import (
    LEFT_OUT,
    Margin,
    on_volume,
    plane_margins,
    volume_stride,
)

Triple = tuple[int, int, int]
_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Part:
    """One plain convolution, which makes a run of a layer's output channels.

    Attributes
    ----------
    outputs, inputs : slice
        The layer's channels that it makes and reads.
    weight : Tensor, shape (out, in / groups, z, y, x)
    bias : Tensor, shape (out,), optional
    margins : three of (below, above)
        Voxels around z, y, x; negative ones are cut off.
    stride, dilation : tuple of int
        Along z, y, x.
    groups : int
    """

    outputs: slice
    inputs: slice
    weight: Tensor
    bias: Tensor | None
    margins: tuple[Margin, Margin, Margin]
    stride: Triple
    dilation: Triple
    groups: int


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution layer with all the ways to compute it.

    Attributes
    ----------
    channels : int
        Output channels.
    padding_mode : str
        What lies outside the volume, as in ``nn.Conv3d``.
    ways : dict
        Name of a way to its parts, in the order of their output channels.
    """

    channels: int
    padding_mode: str
    ways: dict[str, tuple[Part, ...]]


def layer_of(
    module: nn.Module, weight: Tensor | None = None, bias: Tensor | None = None
) -> Layer | None:
    """Return the ways to compute a module; None if it is no convolution that is known here.

    Parameters
    ----------
    module : nn.Module
        ``ACSConv3d``, a soft ACS layer, or ``nn.Conv3d``.
    weight, bias : Tensor, optional
        Used together instead of the module's own, in the same shape (folded norms, say).
    """
    if not isinstance(module, ACSConv3d) and type(module) is not nn.Conv3d:
        return None
    if weight is None:
        weight, bias = module.weight, module.bias
    weight, bias = weight.detach(), None if bias is None else bias.detach()
    if isinstance(module, ACSConv3d):
        return _acs(module, weight, bias)
    return _plain(module, weight, bias)


def _acs(module: ACSConv3d, weight: Tensor, bias: Tensor | None) -> Layer:
    geometry, stride = module.geometry, volume_stride(module.geometry)
    everything = slice(0, module.out_channels)
    ways: dict[str, tuple[Part, ...]] = {}
    if module.kernel_size == (1, 1):
        margins = plane_margins(geometry, "axial")
        one = (weight.unsqueeze(2), bias, margins, stride, (1, 1, 1), module.groups)
        return Layer(
            module.out_channels,
            module.padding_mode,
            {"one": (Part(everything, slice(0, module.in_channels), *one),)},
        )
    ways["planes"] = tuple(
        Part(
            piece.outputs,
            piece.inputs,
            weight[piece.outputs].unsqueeze(LEFT_OUT[piece.plane]),
            None if bias is None else bias[piece.outputs],
            plane_margins(geometry, piece.plane),
            stride,
            on_volume(geometry.dilation, piece.plane, 1),
            piece.groups,
        )
        for piece in module.pieces
    )
    rows, columns = zip(geometry.kernel, geometry.dilation, geometry.padding, strict=True)
    if rows == columns:
        ways["dense"] = (
            Part(
                everything,
                slice(0, module.in_channels),
                dense_kernel(weight, module.split),
                bias,
                (geometry.padding[0],) * 3,
                stride,
                (geometry.dilation[0],) * 3,
                module.groups,
            ),
        )
    return Layer(module.out_channels, module.padding_mode, ways)


def _plain(module: nn.Conv3d, weight: Tensor, bias: Tensor | None) -> Layer | None:
    if module.padding == "same":
        totals = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        pads = [(total // 2, total - total // 2) for total in totals]
    elif isinstance(module.padding, str):
        pads = [(0, 0)] * 3
    else:
        pads = [(p, p) for p in module.padding]
    part = Part(
        slice(0, module.out_channels),
        slice(0, module.in_channels),
        weight,
        bias,
        _triple(pads),
        _triple(module.stride),
        _triple(module.dilation),
        module.groups,
    )
    return Layer(module.out_channels, module.padding_mode, {"one": (part,)})


def _triple(values: list[_T] | tuple[_T, ...]) -> tuple[_T, _T, _T]:
    z, y, x = values
    return z, y, x
