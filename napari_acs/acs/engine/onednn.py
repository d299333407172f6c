"""oneDNN's convolution with prepacked weights, fused activation and fused sum.

``F.conv3d`` sends small deep layers to a slow path on CPUs and packs the weights anew on every
call; torch's own compiler calls these private operators instead (``torch.ops.mkldnn``). They may
change with any torch: :func:`available` tries one against ``F.conv3d`` before they are used.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_acs.acs.engine.activations import NONE, Activation
from napari_acs.acs.engine.parts import Part


class PackedConv:
    """One part of a layer, prepacked for oneDNN.

    Parameters
    ----------
    part : Part
        Without margins that differ below and above; see ``padding``.
    padding : list of int
        Zero padding of z, y, x that the convolution does itself.
    shape : tuple of int
        (n, c, z, y, x) of the input to pack for; others are computed too.
    dtype : torch.dtype
    """

    def __init__(
        self, part: Part, padding: list[int], shape: tuple[int, ...], dtype: torch.dtype
    ) -> None:
        self._geometry = (padding, list(part.stride), list(part.dilation), part.groups)
        weight = part.weight.to(dtype)
        pack = torch.ops.mkldnn._reorder_convolution_weight
        self._weight: Tensor = pack(weight, *self._geometry, list(shape))
        self._bias = None if part.bias is None else part.bias.to(dtype)

    def __call__(self, x: Tensor, activation: Activation = NONE) -> Tensor:
        """Convolve (n, c, z, y, x); the output is in channels-last order."""
        name, numbers, algorithm = activation.name, list(activation.numbers), activation.algorithm
        convolve = torch.ops.mkldnn._convolution_pointwise
        y: Tensor = convolve(x, self._weight, self._bias, *self._geometry, name, numbers, algorithm)
        return y

    def add_to(self, y: Tensor, x: Tensor, activation: Activation = NONE) -> Tensor:
        """Add the convolution to ``y`` in place, then apply the activation (none or ReLU)."""
        name = None if activation == NONE else activation.name
        convolve = torch.ops.mkldnn._convolution_pointwise_.binary
        convolve(y, x, self._weight, self._bias, *self._geometry, "add", 1.0, name, [], None)
        return y


@functools.cache
def available(dtype: torch.dtype) -> bool:
    """Return whether the private operators are there and compute what ``F.conv3d`` computes."""
    if not torch.backends.mkldnn.is_available():
        return False
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 3, 5, 6, 7, generator=generator).to(dtype)
    x = x.contiguous(memory_format=torch.channels_last_3d)
    weight = torch.randn(8, 3, 1, 3, 3, generator=generator).to(dtype)
    everything = slice(0, 8)
    margins = ((0, 0), (1, 1), (1, 1))
    part = Part(everything, slice(0, 3), weight, None, margins, (1, 1, 1), (1, 1, 1), 1)
    try:
        with torch.no_grad():
            conv = PackedConv(part, [0, 1, 1], tuple(x.shape), dtype)
            found = conv(x, Activation("relu"))
            conv.add_to(found, x, Activation("relu"))
    except (AttributeError, RuntimeError, TypeError):
        return False
    one = F.conv3d(x.float(), weight.float(), padding=(0, 1, 1))
    expected = (one.relu() + one).relu()
    tolerance = 1e-4 if dtype == torch.float32 else 5e-2
    return torch.allclose(found.float(), expected, rtol=tolerance, atol=tolerance)
