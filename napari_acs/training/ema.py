"""An exponential moving average of a network: smoother than its last step, and what ships."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Average:
    """A running average of a network's parameters and buffers.

    Parameters
    ----------
    network : nn.Module
        The network to follow; copied.
    decay : float
        Share of the old average kept at each step, once warmed up.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move the average towards the network; early steps count more."""
        keep = min(self.decay, (1 + step) / (10 + step))
        new = network.state_dict()
        for name, mean in self.network.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(new[name].to(mean.dtype), 1 - keep)
            else:
                mean.copy_(new[name])
