"""An inference engine for converted networks."""

from __future__ import annotations

import copy
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from napari_acs.acs.engine.choose import Plan
from napari_acs.acs.engine.graph import fuse
from napari_acs.acs.engine.heap import kept_heap
from napari_acs.acs.engine.precision import fast_dtype
from napari_acs.acs.engine.run import CHANNELS_LAST


class Optimized(nn.Module):
    """A network for inference only: fused, planned, in one number format.

    Attributes
    ----------
    plan : Plan
        The way chosen for each of its layers.
    dtype : torch.dtype
        What it computes in.
    """

    def __init__(
        self, network: nn.Module, dtype: torch.dtype, plan: Plan, file: Path | None = None
    ) -> None:
        super().__init__()
        self.network, self.dtype, self.plan = network, dtype, plan
        self._file, self._saved = file, dict(plan.ways)

    def forward(self, x: Tensor) -> Any:
        """Map (n, c, z, y, x) as the network does; floating outputs come in the input's dtype."""
        with torch.no_grad(), kept_heap():
            x_fast = x.to(self.dtype).contiguous(memory_format=CHANNELS_LAST)
            y = _cast(self.network(x_fast), x.dtype)
        if self._file is not None and self.plan.ways != self._saved:
            self._saved = dict(self.plan.ways)
            with suppress(OSError):  # a full or read-only disk: the next time it is measured again
                self.plan.save(self._file)
        return y


def optimize(
    model: nn.Module,
    example: Tensor | None = None,
    dtype: torch.dtype | None = None,
    *,
    plan: Plan | Path | None = None,
) -> Optimized:
    """Return a faster network for inference that computes the same.

    Batch norms are folded into the convolutions before them; activations, sums of residual blocks
    and concatenations are computed by the convolution itself; memory is laid out channels last and
    kept between layers. Each layer is computed in the way that a short timing on its own input
    found fastest: three plane convolutions, or the one dense convolution that defines ACS, by
    oneDNN with prepacked weights or by ``F.conv3d``.

    Parameters
    ----------
    model : nn.Module
        A network on (n, c, z, y, x), left untouched; taken in evaluation mode.
    example : Tensor, shape (n, c, z, y, x), optional
        An input of the size that will be used most; other sizes are computed as well. Without it
        the layers are timed on the first input that comes.
    dtype : torch.dtype, optional
        ``torch.float32`` (results differ from the model's by rounding, below 1e-4 of their range)
        or ``torch.bfloat16``. By default :func:`fast_dtype`.
    plan : Plan or Path, optional
        A plan from before, so that nothing has to be timed; or the file to keep it in.

    Returns
    -------
    Optimized
        The network; it keeps no gradients, and is not meant to be saved: save the model.
    """
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    if example is not None:
        device = example.device
    dtype = dtype or fast_dtype(device)
    file = plan if isinstance(plan, Path) else None
    kept = Plan.load(plan) if isinstance(plan, Path) else plan or Plan()
    network = copy.deepcopy(model).eval().to(device)
    network = fuse(network, dtype, kept.choose)
    for module in network.modules():
        if not isinstance(module, nn.BatchNorm3d):  # it computes in float32 beside any input
            for parameter in module.parameters(recurse=False):
                if parameter.is_floating_point():
                    parameter.data = parameter.data.to(dtype)
    optimized = Optimized(network.requires_grad_(False), dtype, kept, file)
    if example is not None:
        optimized(example)
    return optimized


def _cast(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, dict):
        return {key: _cast(item, dtype) for key, item in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(_cast(item, dtype) for item in value)
    if isinstance(value, tuple):
        return type(value)(*(_cast(item, dtype) for item in value))
    return value
