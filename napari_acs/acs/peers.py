"""Layers of other libraries that are known by name, so that those need not be imported."""

from __future__ import annotations

from typing import Any

from torch import nn

from napari_acs.acs.conv import ACSConv3d
from napari_acs.acs.keep import keep
from napari_acs.acs.same import ACSConvSame3d
from napari_acs.acs.split import Split

_ACSCONV = ("acsconv.operators.acsconv", "ACSConv")
_CONV2D_SAME = ("timm.layers.conv2d_same", "Conv2dSame")


def is_acsconv(module: nn.Module) -> bool:
    """Return whether a module is a layer of the package ``acsconv``."""
    return _path(module) == _ACSCONV


def from_acsconv(layer: nn.Module) -> nn.Module:
    """Make a layer of the package ``acsconv`` ours, with its parameters and split.

    Raises
    ------
    ValueError
        If a setting of the layer differs between the axes.
    """
    theirs: Any = layer
    one = {
        name: _one(getattr(theirs, name), name)
        for name in ("kernel_size", "stride", "padding", "dilation")
    }
    conv = nn.Conv2d(
        theirs.in_channels,
        theirs.out_channels,
        **one,
        groups=theirs.groups,
        bias=theirs.bias is not None,
        padding_mode=theirs.padding_mode,
        device="meta",
    )
    conv.weight, conv.bias = theirs.weight, theirs.bias
    axial, coronal, sagittal = theirs.acs_kernel_split
    split: Split = (axial, coronal, sagittal)
    return keep(layer, ACSConv3d.from_conv2d(conv, split))


def exchange_acsconv(network: nn.Module) -> nn.Module:
    """Exchange every layer of the package ``acsconv`` for ours, in place."""
    if is_acsconv(network):
        return from_acsconv(network)
    new: dict[nn.Module, nn.Module] = {}
    for module in list(network.modules()):
        for name, child in module._modules.items():
            if child is not None and is_acsconv(child):
                if child not in new:
                    new[child] = from_acsconv(child)
                module._modules[name] = new[child]
    return network


def is_conv2d_same(module: nn.Module) -> bool:
    """Return whether a module is timm's convolution that pads as TensorFlow does."""
    return _path(module) == _CONV2D_SAME


def from_conv2d_same(conv: nn.Conv2d, split: Split) -> nn.Module:
    """Return the ACS layer of timm's ``Conv2dSame``."""
    return ACSConvSame3d.from_conv2d(conv, split)


def _path(module: nn.Module) -> tuple[str, str]:
    return type(module).__module__, type(module).__name__


def _one(value: Any, name: str) -> int:
    values = set(value) if isinstance(value, tuple | list) else {value}
    if len(values) != 1:
        raise ValueError(f"{name}={value} differs between the axes")
    number: int = values.pop()
    return number
