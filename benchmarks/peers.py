"""The same network with another operator. Not a benchmark itself."""

from __future__ import annotations

import copy
from collections.abc import Callable

from acsconv.operators import ACSConv
from torch import nn

from napari_acs.acs import ACSConv3d


def acsconv_layer(layer: ACSConv3d) -> nn.Module:
    """Return acsconv's operator with a layer's settings and weights."""
    peer = ACSConv(*_settings(layer), bias=layer.bias is not None, acs_kernel_split=layer.split)
    peer.load_state_dict(layer.state_dict())
    return peer


def conv3d_layer(layer: ACSConv3d) -> nn.Module:
    """Return the native 3D layer with a layer's settings, and random weights."""
    return nn.Conv3d(*_settings(layer), bias=layer.bias is not None)


def _settings(layer: ACSConv3d) -> tuple[int, ...]:
    pairs = layer.kernel_size, layer.stride, layer.padding, layer.dilation
    squares = []
    for pair in pairs:
        rows, columns = pair
        if rows != columns or isinstance(pair, str):
            raise ValueError(f"{layer!r} is not square")
        squares.append(int(rows))
    return (layer.in_channels, layer.out_channels, *squares, layer.groups)


def with_layers(network: nn.Module, make: Callable[[ACSConv3d], nn.Module]) -> nn.Module:
    """Return a copy of a network with every ACS layer exchanged."""
    if isinstance(network, ACSConv3d):
        return make(network)
    network = copy.deepcopy(network)
    for name, module in list(network.named_modules()):
        if isinstance(module, ACSConv3d):
            parent, _, leaf = name.rpartition(".")
            setattr(network.get_submodule(parent), leaf, make(module))
    return network


def gflop(network: nn.Module, run: Callable[[], object]) -> tuple[float, float]:
    """Return the GFLOP of a forward: as plane kernels, and as the dense kernels of native 3D."""
    planes = dense = 0

    def count(module: nn.Module, _: object, output: object) -> None:
        nonlocal planes, dense
        assert isinstance(module, ACSConv3d)
        rows, columns = module.kernel_size
        each = 2 * output.numel() * module.weight.shape[1]  # type: ignore[attr-defined]
        planes += each * rows * columns
        dense += each * rows * rows * columns

    hooks = [
        module.register_forward_hook(count)
        for module in network.modules()
        if isinstance(module, ACSConv3d)
    ]
    run()
    for hook in hooks:
        hook.remove()
    return planes / 1e9, dense / 1e9
