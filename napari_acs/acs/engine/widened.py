"""Operations that torch lacks in bfloat16 on CPUs."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn


class Widened(nn.Module):
    """A module that computes in float32 whatever it is given, and answers in what it was given."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """Compute the module's own output."""
        y: Tensor = self.module(x.float())
        return y.to(x.dtype)


def avg_pool3d(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Compute ``F.avg_pool3d`` in float32, and answer in the dtype of ``x``."""
    return F.avg_pool3d(x.float(), *args, **kwargs).to(x.dtype)
