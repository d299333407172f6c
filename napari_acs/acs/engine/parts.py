"""A convolution layer as plain 3D convolutions: the ways that an engine can choose between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from napari_acs.acs.conv import ACSConv3d
from napari_acs.acs.dense import dense_box, embed
from napari_acs.acs.geometry import (
    LEFT_OUT,
    PLANES,
    Margin,
    on_volume,
    plane_margins,
    volume_stride,
)
from napari_acs.acs.soft import SoftACSConv3d

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
    ways : mapping
        Name of a way to a function that makes its parts, in the order of their output channels.
        The first way costs no memory of its own.
    acs : ACSConv3d, optional
        The layer itself, with the weights used, where it is an ACS layer.
    """

    channels: int
    padding_mode: str
    ways: Mapping[str, Callable[[], tuple[Part, ...]]]
    acs: ACSConv3d | None = None


def kernel_of(module: nn.Module) -> Tensor | None:
    """Return the kernels of a convolution that is known here, else None.

    Returns
    -------
    Tensor, shape (out, in / groups, ...)
        2D for ``ACSConv3d``, 3D for soft ACS layers and ``nn.Conv3d``.
    """
    if isinstance(module, ACSConv3d) or type(module) is nn.Conv3d:
        return module.weight.detach()
    return module.dense_weight().detach() if isinstance(module, SoftACSConv3d) else None


def layer_of(module: nn.Module, weight: Tensor, bias: Tensor | None) -> Layer:
    """Return the ways to compute a convolution.

    Parameters
    ----------
    module : nn.Module
        ``ACSConv3d``, ``SoftACSConv3d`` or ``nn.Conv3d``.
    weight : Tensor
        Used instead of the module's own; as :func:`kernel_of` returns it (norms folded, say).
    bias : Tensor, shape (out,), optional
    """
    if isinstance(module, ACSConv3d):
        return _acs(module, weight, bias)
    assert isinstance(module, SoftACSConv3d | nn.Conv3d)
    if isinstance(module, SoftACSConv3d):
        margins, dilation = module.box.margins, module.box.dilation
        stride = volume_stride(module.geometry)
    else:
        margins, dilation = _margins(module), _triple(module.dilation)
        stride = _triple(module.stride)
    part = Part(*_all_channels(module), weight, bias, margins, stride, dilation, module.groups)
    return Layer(module.out_channels, module.padding_mode, {"one": lambda: (part,)})


def _acs(module: ACSConv3d, weight: Tensor, bias: Tensor | None) -> Layer:
    planes = partial(_planes, module, weight, bias)
    dense = partial(_dense, module, weight, bias)
    if module.kernel_size == (1, 1):  # the three planes are one and the same
        return Layer(module.out_channels, module.padding_mode, {"one": dense})
    layer = ACSConv3d.from_conv2d(
        nn.Conv2d(
            module.in_channels,
            module.out_channels,
            module.kernel_size,
            module.stride,
            cast("tuple[int, int] | str", module.padding),
            module.dilation,
            module.groups,
            bias is not None,
            module.padding_mode,
            device="meta",
        ),
        module.split,
    )
    layer.weight = nn.Parameter(weight, requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias, requires_grad=False)
    ways = {"planes": planes, "dense": dense}
    return Layer(module.out_channels, module.padding_mode, ways, layer)


def _planes(module: ACSConv3d, weight: Tensor, bias: Tensor | None) -> tuple[Part, ...]:
    return tuple(
        Part(
            piece.outputs,
            piece.inputs,
            weight[piece.outputs].unsqueeze(LEFT_OUT[piece.plane]),
            None if bias is None else bias[piece.outputs],
            plane_margins(module.geometry, piece.plane),
            volume_stride(module.geometry),
            on_volume(module.geometry.dilation, piece.plane, 1),
            piece.groups,
        )
        for piece in module.pieces
    )


def _dense(module: ACSConv3d, weight: Tensor, bias: Tensor | None) -> tuple[Part, ...]:
    geometry = module.geometry
    box = dense_box(geometry)
    groups = zip(torch.split(weight, list(module.split)), PLANES, strict=True)
    kernel = torch.cat([embed(part, box, geometry, plane) for part, plane in groups])
    outputs, inputs = _all_channels(module)
    stride = volume_stride(geometry)
    return (Part(outputs, inputs, kernel, bias, box.margins, stride, box.dilation, module.groups),)


def _all_channels(module: ACSConv3d | SoftACSConv3d | nn.Conv3d) -> tuple[slice, slice]:
    return slice(0, module.out_channels), slice(0, module.in_channels)


def _margins(module: nn.Conv3d) -> tuple[Margin, Margin, Margin]:
    if module.padding == "same":
        totals = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        return _triple([(total // 2, total - total // 2) for total in totals])
    if isinstance(module.padding, str):
        return (0, 0), (0, 0), (0, 0)
    return _triple([(p, p) for p in module.padding])


def _triple(values: list[_T] | tuple[_T, ...]) -> tuple[_T, _T, _T]:
    z, y, x = values
    return z, y, x
