"""Fit a pretrained first convolution to another number of input channels."""

from __future__ import annotations

import torch
from torch import nn


def adapt_input(conv: nn.Conv2d, in_channels: int) -> nn.Conv2d:
    """Return a copy of a first layer that takes ``in_channels`` instead of its own.

    Every new input filter is the mean of the old ones times ``old / new``, so that a grey image
    repeated over all channels gives what the pretrained layer gives for a grey image. (Copying
    R, G, B, R, ... changes that response by a third for four channels.)

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
        If the layer is grouped.
    """
    if conv.groups != 1:
        raise ValueError("the first convolution is grouped and cannot be adapted")
    new = nn.Conv2d(
        in_channels,
        conv.out_channels,
        conv.kernel_size,  # type: ignore[arg-type]
        conv.stride,  # type: ignore[arg-type]
        conv.padding,  # type: ignore[arg-type]
        conv.dilation,  # type: ignore[arg-type]
        1,
        conv.bias is not None,
        conv.padding_mode,
    ).to(conv.weight)
    with torch.no_grad():
        mean = conv.weight.mean(1, keepdim=True) * (conv.in_channels / in_channels)
        new.weight.copy_(mean.expand_as(new.weight))
        if conv.bias is not None and new.bias is not None:
            new.bias.copy_(conv.bias)
    return new.train(conv.training)
