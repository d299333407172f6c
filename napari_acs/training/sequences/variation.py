"""Boxes varied a little, so that a pool of fixed boxes is not learnt by heart."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def varied(rng: np.random.Generator, box: Tensor) -> Tensor:
    """Return a box (z, y, x; air 0) as a new tensor, varied.

    Mirrored, shifted, other greys (gamma, gain, bias field), thick slices, a little blur, noise,
    a part left out. Little blur only: vessels and rims tell T1ce from T1. Never turned over in
    contrast: T1 and T2 would be mistaken.
    """
    box = box.flip(2) if rng.random() < 0.5 else box.clone()
    shifts = tuple(int(n) for n in rng.integers(-3, 4, 3))
    box = torch.roll(box, shifts, (0, 1, 2))
    top = float(box.abs().max()) or 1.0
    # The top stays where it is, so that a gamma bends the greys and does not only scale them.
    box = box.sign() * top * (box.abs() / top) ** float(np.exp(rng.normal(0, 0.2)))
    box *= float(np.exp(rng.normal(0, 0.15)))
    if rng.random() < 0.5:
        knots = torch.from_numpy(rng.standard_normal((1, 1, 3, 3, 3)).astype(np.float32))
        field = functional.interpolate(knots, box.shape, mode="trilinear", align_corners=True)
        box *= torch.exp(float(rng.uniform(0, 0.2)) * field[0, 0])
    if rng.random() < 0.2:
        axis = int(rng.integers(3))
        box = (box + torch.roll(box, 1, axis)) / 2  # slices of two voxels
    elif rng.random() < 0.2:
        soft = functional.avg_pool3d(box[None, None], 3, 1, 1)[0, 0]
        box = torch.lerp(box, soft, float(rng.uniform(0, 0.4)))
    if rng.random() < 0.4:
        grain = rng.standard_normal(box.shape).astype(np.float32) * rng.uniform(0, 0.04) * top
        box = torch.where(box == 0, 0.0, box + torch.from_numpy(np.float32(grain)))
    if rng.random() < 0.3:
        low = [int(rng.integers(0, n - 12)) for n in box.shape]
        size = [int(rng.integers(8, 24)) for _ in range(3)]
        z, y, x = (slice(a, a + n) for a, n in zip(low, size, strict=True))
        box[z, y, x] = 0
    elif rng.random() < 0.15:
        cut = int(rng.integers(4, 20))
        if rng.random() < 0.5:
            box[:cut] = 0
        else:
            box[-cut:] = 0
    return box
