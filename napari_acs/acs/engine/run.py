"""A layer's parts, computed one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_acs.acs.conv import with_margins
from napari_acs.acs.engine import onednn
from napari_acs.acs.engine.activations import NONE, Activation
from napari_acs.acs.engine.parts import Layer, Part

CHANNELS_LAST = torch.channels_last_3d


class _Conv(Protocol):
    def __call__(self, x: Tensor, activation: Activation = ...) -> Tensor: ...


class Run:
    """A layer, ready to run in one way.

    Parameters
    ----------
    parts : tuple of Part
    layer : Layer
        Whose parts they are.
    activation : Activation
    dtype : torch.dtype
        What to compute in.
    how : list of str
        ``"onednn"`` or ``"torch"``; with ``"apart"`` several inputs are convolved one by one and
        summed, without concatenating them.
    inputs : tuple of Tensor
        An example of what it will read.
    """

    def __init__(
        self,
        parts: tuple[Part, ...],
        layer: Layer,
        activation: Activation,
        dtype: torch.dtype,
        how: list[str],
        inputs: tuple[Tensor, ...],
    ) -> None:
        self._channels, self._mode = layer.channels, layer.padding_mode
        self._activation = activation
        backend, self._apart = how[0], "apart" in how
        widths = [x.shape[1] for x in inputs] if self._apart else []
        self._parts: list[tuple[Part, list[_Conv]]] = []
        for part in parts:
            stages = _by_input(part, widths) if widths else [part]
            convs = [_prepare(s, backend, self._mode, dtype, inputs[0]) for s in stages]
            self._parts.append((part, convs))

    def __call__(self, inputs: tuple[Tensor, ...], residual: Tensor | None) -> Tensor:
        """Convolve the concatenation of the inputs, add the residual, activate."""
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
    start = 0
    for width in widths:
        yield replace(
            part,
            inputs=slice(start, start + width),
            weight=part.weight[:, start : start + width],
            bias=None if start else part.bias,
        )
        start += width


def _prepare(part: Part, backend: str, mode: str, dtype: torch.dtype, x: Tensor) -> _Conv:
    empty = x.new_empty((x.shape[0], 1, *x.shape[2:]), device="meta")
    inner, padding = with_margins(empty, part.margins, mode)
    if backend == "torch":
        return _TorchConv(part, padding, dtype)
    channels = part.weight.shape[1] * part.groups
    return onednn.PackedConv(part, padding, (x.shape[0], channels, *inner.shape[2:]), dtype)
