"""A convolution with what follows it, computed in the way that was fastest here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.acs.conv import with_margins
from napari_acs.acs.engine import onednn
from napari_acs.acs.engine.activations import NONE, Activation
from napari_acs.acs.engine.parts import Layer, Part

CHANNELS_LAST = torch.channels_last_3d


class _Conv(Protocol):
    def __call__(self, x: Tensor, activation: Activation = ...) -> Tensor: ...


Chooser = Callable[["FusedConv", tuple[Tensor, ...], Tensor | None], str]
"""Takes a layer and its inputs, returns the name of the way to compute it."""


class FusedConv(nn.Module):
    """One convolution, its folded norm, a sum with another tensor, and its activation.

    Parameters
    ----------
    layer : Layer
        With weights in float32.
    activation : Activation
    dtype : torch.dtype
        What to compute in.
    choose : Chooser
        Asked on the first input; from then on the way is fixed.
    """

    def __init__(
        self, layer: Layer, activation: Activation, dtype: torch.dtype, choose: Chooser
    ) -> None:
        super().__init__()
        self.layer, self.activation, self.dtype = layer, activation, dtype
        self._choose = choose
        self._run: _Run | None = None
        self.way = ""

    def extra_repr(self) -> str:
        """Return what was chosen."""
        return f"{self.layer.channels}, way={self.way!r}, activation={self.activation.name}"

    def forward(self, *inputs: Tensor, residual: Tensor | None = None) -> Tensor:
        """Convolve the concatenation of the inputs, (n, c, z, y, x) each; add; activate."""
        # A constant in float32 may have widened what reaches this layer.
        inputs = tuple(x.to(self.dtype) for x in inputs)
        if self._run is None:
            self.way = self._choose(self, inputs, residual)
            self._run = self.ready(self.way, inputs)
        return self._run(inputs, residual)

    def ways(self, inputs: tuple[Tensor, ...]) -> Iterator[str]:
        """Yield the names of the ways to compute this layer for such inputs."""
        for name, parts in self.layer.ways.items():
            if inputs[0].device.type != "cpu" or not onednn.available(self.dtype):
                yield f"{name}, torch"
                continue
            yield f"{name}, onednn"  # the same convolution, so never slower than torch's
            if len(inputs) > 1 and all(part.groups == 1 for part in parts):
                yield f"{name}, onednn, apart"

    def ready(self, way: str, inputs: tuple[Tensor, ...]) -> _Run:
        """Return the function that computes the layer in this way, with weights prepared."""
        name, backend, *apart = way.split(", ")
        return _Run(self, self.layer.ways[name], backend, bool(apart), inputs)


class _Run:
    """A layer, ready to run in one way."""

    def __init__(
        self,
        fused: FusedConv,
        parts: tuple[Part, ...],
        backend: str,
        apart: bool,
        inputs: tuple[Tensor, ...],
    ) -> None:
        self._channels = fused.layer.channels
        self._mode = fused.layer.padding_mode
        self._activation = fused.activation
        self._apart = apart
        widths = [x.shape[1] for x in inputs] if apart else [sum(x.shape[1] for x in inputs)]
        first = inputs[0]
        self._parts = []
        for part in parts:
            stages = list(_by_input(part, widths))
            convs = [
                _prepare(stage, backend, fused, first, x)
                for stage, x in zip(stages, inputs if apart else (first,), strict=True)
            ]
            self._parts.append((part, convs))

    def __call__(self, inputs: tuple[Tensor, ...], residual: Tensor | None) -> Tensor:
        if len(inputs) > 1 and not self._apart:
            inputs = (torch.cat(inputs, dim=1),)
        activation = self._activation
        at_once = activation if residual is None else NONE
        y: Tensor | None = None
        for part, convs in self._parts:
            made = self._convolve(part, convs, inputs, at_once)
            if len(self._parts) == 1:
                y = made
                break
            if y is None:
                shape = (made.shape[0], self._channels, *made.shape[2:])
                y = torch.empty(
                    shape, dtype=made.dtype, device=made.device, memory_format=CHANNELS_LAST
                )
            # Copied at once, and not concatenated in the end: one part at a time is in memory.
            y[:, part.outputs] = made
        assert y is not None
        if residual is None:
            return y
        y = y.add_(residual) if residual.shape == y.shape else y + residual
        return activation(y)

    def _convolve(
        self,
        part: Part,
        convs: list[_Conv],
        inputs: tuple[Tensor, ...],
        activation: Activation,
    ) -> Tensor:
        last = len(convs) - 1
        y: Tensor | None = None
        for i, (conv, x) in enumerate(zip(convs, inputs, strict=True)):
            part_of_it = last == 0 and part.inputs.stop - part.inputs.start < x.shape[1]
            read = x[:, part.inputs] if part_of_it else x
            read, _ = with_margins(read, part.margins, self._mode)
            if y is None:
                y = conv(read, activation if last == 0 else NONE)
            else:
                assert isinstance(conv, onednn.PackedConv)
                fusable = i == last and activation.name in ("none", "relu")
                y = conv.add_to(y, read, activation if fusable else NONE)
                if i == last and not fusable:
                    y = activation(y)
        assert y is not None
        return y


class _TorchConv:
    """A part computed by ``F.conv3d``."""

    def __init__(self, part: Part, padding: list[int], dtype: torch.dtype) -> None:
        self._weight = part.weight.to(dtype).contiguous(memory_format=CHANNELS_LAST)
        self._bias = None if part.bias is None else part.bias.to(dtype)
        self._rest = (part.stride, padding, part.dilation, part.groups)

    def __call__(self, x: Tensor, activation: Activation = NONE) -> Tensor:
        return activation(F.conv3d(x, self._weight, self._bias, *self._rest))


def _by_input(part: Part, widths: list[int]) -> Iterator[Part]:
    """Cut a part's weights by the inputs whose concatenation it reads; the first has the bias."""
    if len(widths) == 1:
        yield part
        return
    start = 0
    for width in widths:
        weight = part.weight[:, start : start + width]
        bias = part.bias if start == 0 else None
        yield Part(
            part.outputs,
            slice(start, start + width),
            weight,
            bias,
            part.margins,
            part.stride,
            part.dilation,
            part.groups,
        )
        start += width


def _prepare(part: Part, backend: str, fused: FusedConv, first: Tensor, x: Tensor) -> _Conv:
    empty = x.new_empty((1, 1, *x.shape[2:]), device="meta")
    inner, padding = with_margins(empty, part.margins, fused.layer.padding_mode)
    if backend == "torch":
        return _TorchConv(part, padding, fused.dtype)
    channels = part.weight.shape[1] * part.groups
    shape = (first.shape[0], channels, *inner.shape[2:])
    return onednn.PackedConv(part, padding, shape, fused.dtype)
