"""A layer as one launch of the GPU kernel, with the sum and the activation around it."""

from __future__ import annotations

import copy
from typing import cast

import torch
from torch import Tensor, nn

from napari_acs.acs.conv import ACSConv3d
from napari_acs.acs.engine.activations import NONE, Activation
from napari_acs.acs.gpu import offer, supports
from napari_acs.acs.gpu.pack import Activation as GpuActivation

_TRIES = 6
_NAMES = {"none": "none", "relu": "relu", "swish": "silu", "hardswish": "hardswish"}
_NAMES |= {"sigmoid": "sigmoid", "hardtanh": "relu6"}


def gpu_takes(layer: ACSConv3d | None, inputs: tuple[Tensor, ...], activation: Activation) -> bool:
    """Return whether the GPU kernel can compute a layer, by its settings and its inputs."""
    if layer is None or inputs[0].device.type != "cuda":
        return False
    name = _name(activation)
    return name is not None and supports(layer, _joined(inputs), name) is None


class OnGpu:
    """A layer, ready to run as one launch.

    Parameters
    ----------
    layer : ACSConv3d
        With weights in float32.
    activation : Activation
    inputs : tuple of Tensor
        What it will read, on the device and of the dtype to compute in.

    Notes
    -----
    Where the kernel fails or differs from the layer (:func:`napari_acs.acs.gpu.offer` compares
    them first), the layer itself computes.
    """

    def __init__(
        self, layer: ACSConv3d, activation: Activation, inputs: tuple[Tensor, ...]
    ) -> None:
        example = _joined(inputs)
        name = _name(activation)
        assert name is not None
        with torch.no_grad():
            offers = [
                offer(layer, example, cast(GpuActivation, wanted), tries=_TRIES)
                for wanted in ("none", name)
            ]
        bare, fused = offers
        self._activation = activation
        self._fused: nn.Module | None = None
        self._bare: nn.Module = copy.deepcopy(layer).to(example.dtype)
        if not isinstance(bare, str) and not isinstance(fused, str):
            self._bare, self._fused = bare, fused

    def __call__(self, inputs: tuple[Tensor, ...], residual: Tensor | None) -> Tensor:
        """Convolve the concatenation of the inputs, add the residual, activate."""
        x = _joined(inputs)
        if residual is None and self._fused is not None:
            y: Tensor = self._fused(x)
            return y
        y = self._bare(x)
        return self._activation(y if residual is None else y + residual)


def _joined(inputs: tuple[Tensor, ...]) -> Tensor:
    return inputs[0] if len(inputs) == 1 else torch.cat(inputs, dim=1)


def _name(activation: Activation) -> str | None:
    if activation == NONE:
        return "none"
    if activation.name == "hardtanh" and activation.numbers != (0.0, 6.0):
        return None
    return _NAMES.get(activation.name)
