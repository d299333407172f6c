"""Fit a pretrained first convolution to another number of input channels."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

_TRIED_CHANNELS = (3, 1)
_TRIED_SIDE = 64


def adapt_input(conv: nn.Conv2d, in_channels: int) -> nn.Conv2d:
    """Return a copy of a first layer that takes ``in_channels`` instead of its own.

    Every new input filter is the mean of the old ones times ``old / new``, so that a grey image
    repeated over all channels gives what the pretrained layer gives for a grey image. (Copying
    R, G, B, R, ... changes that response by a third for four channels.) All else of the layer is
    kept: settings, padding mode, bias, ``requires_grad``, hooks, mode and class.

    Parameters
    ----------
    conv : nn.Conv2d
        The pretrained layer, left untouched; ``groups`` must be 1.
    in_channels : int
        Channels wanted.

    Returns
    -------
    nn.Conv2d
        The adapted copy, with weight shape (out, in_channels, kh, kw).

    Raises
    ------
    ValueError
        If the layer is grouped, its weight is computed (``weight_norm``), or ``in_channels`` is
        below 1.
    """
    if in_channels < 1:
        raise ValueError(f"in_channels={in_channels}; at least 1 is needed")
    if conv.groups != 1:
        raise ValueError("the first convolution is grouped and cannot be adapted")
    if "weight" not in conv._parameters:
        raise ValueError("the first convolution's weight is computed and cannot be adapted")
    new = copy.deepcopy(conv)
    mean = conv.weight.detach().mean(1, keepdim=True) * (conv.in_channels / in_channels)
    weight = mean.expand(-1, in_channels, -1, -1).contiguous()
    new.weight = nn.Parameter(weight, requires_grad=conv.weight.requires_grad)
    new.in_channels = in_channels
    return new


def first_convolution(network: nn.Module) -> tuple[str, nn.Conv2d] | None:
    """Return the first 2D convolution that a forward pass reaches, and its name.

    The first one registered need not be it. A picture of zeros is sent in, and stopped at the
    first convolution; where that fails, the first registered one is returned.

    Parameters
    ----------
    network : nn.Module
        The 2D network; as it was afterwards.

    Returns
    -------
    tuple of (str, nn.Conv2d), or None
        Its name, empty for the network itself; None if there is no 2D convolution.
    """
    convs = {m: name for name, m in network.named_modules() if isinstance(m, nn.Conv2d)}
    if not convs:
        return None
    first = next(iter(convs))
    counts = dict.fromkeys((first.in_channels, *_TRIED_CHANNELS))
    modes = {module: module.training for module in network.modules()}
    hooks = [conv.register_forward_pre_hook(_stop, prepend=True) for conv in convs]
    network.eval()
    try:
        for channels in counts:
            picture = first.weight.new_zeros(1, channels, _TRIED_SIDE, _TRIED_SIDE)
            try:
                with torch.no_grad():
                    network(picture)
            except _Reached as reached:
                return convs[reached.conv], reached.conv
            except Exception:
                continue
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes.items():
            module.training = training
    return convs[first], first


class _Reached(BaseException):
    """Raised by a convolution in place of its forward; no handler of the network's own is meant."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv


def _stop(module: nn.Module, args: Any) -> None:
    assert isinstance(module, nn.Conv2d)
    raise _Reached(module)
