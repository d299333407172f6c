"""Trilinear doubling on CPUs, axis by axis."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def upsample_trilinear(x: Tensor, size: tuple[int, int, int]) -> Tensor:
    """Return what ``F.interpolate(x, size, mode="trilinear")`` returns, sooner where it doubles.

    Torch's kernel weighs eight voxels for each new one, without vector units in bfloat16. Doubling
    is separable, with weights 1/4 and 3/4: one pass an axis, the largest last, takes 0.55 of the
    time in float32 and 0.2 in bfloat16 (16 channels of 48^3, 2 cores).

    Parameters
    ----------
    x : Tensor, shape (n, c, z, y, x)
    size : tuple of int
        (z, y, x) wanted.
    """
    doubled = all(new == 2 * old for new, old in zip(size, x.shape[2:], strict=True))
    laid_out = x.is_contiguous(memory_format=torch.channels_last_3d)
    if not (doubled and laid_out and x.device.type == "cpu"):
        return F.interpolate(x, size=size, mode="trilinear", align_corners=False)
    for axis in (4, 3, 2):  # small to large: the strided pass over x runs on the least data
        x = _doubled(x, axis)
    return x


def _doubled(x: Tensor, axis: int) -> Tensor:
    n = x.shape[axis]
    shape = [side * (1 + (i == axis)) for i, side in enumerate(x.shape)]
    y = torch.empty(shape, dtype=x.dtype, memory_format=torch.channels_last_3d)
    pairs = y.unflatten(axis, (n, 2))
    even, odd = pairs.select(axis + 1, 0), pairs.select(axis + 1, 1)
    low, high = x.narrow(axis, 0, n - 1), x.narrow(axis, 1, n - 1)
    torch.lerp(high, low, 0.25, out=even.narrow(axis, 1, n - 1))
    torch.lerp(low, high, 0.25, out=odd.narrow(axis, 0, n - 1))
    even.narrow(axis, 0, 1).copy_(x.narrow(axis, 0, 1))  # beyond the sides lies the side
    odd.narrow(axis, n - 1, 1).copy_(x.narrow(axis, n - 1, 1))
    return y
