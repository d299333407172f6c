"""Networks that halve their input and take no other sizes, for volumes of any size."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class PaddedToMultiple(nn.Module):
    """Pad with zeros, the background of a normalised study, to a multiple; cut the output back.

    Parameters
    ----------
    network : nn.Module
        Maps (n, c, ...) to (n, r, ...) of the same spatial sides.
    multiple : int
        Of what every side must be.
    smallest : int
        Shortest side that it takes; ``multiple`` if left out.
    """

    def __init__(self, network: nn.Module, multiple: int, smallest: int = 0) -> None:
        super().__init__()
        self.network = network
        self._multiple, self._smallest = multiple, max(smallest, multiple)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c, d, h, w) to (n, r, d, h, w)."""
        d, h, w = x.shape[2:]
        pads: list[int] = []
        for side in (w, h, d):
            pads += [0, max(side + -side % self._multiple, self._smallest) - side]
        y: Tensor = self.network(F.pad(x, pads) if any(pads) else x)
        return y[:, :, :d, :h, :w]
