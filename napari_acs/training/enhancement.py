"""Enhancing tumours made to look as if they took up little contrast agent, or none."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from napari_acs.training.carve import ENOUGH, signed_distance

NCR, ET = 1, 3
WHOLE = 0.6
"""How often all of the enhancement goes; else a small part of it stays."""


def take_enhancement_away(
    images: Tensor,
    labels: Tensor,
    sequences: Sequence[str],
    probability: float,
    rng: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Show the T1 signal in T1ce where the tumour enhances, and call it non-enhancing core.

    Tumours without enhancement, or with a speck of it, are few among glioma cases, and a network
    that has not seen them finds enhancement, or no core at all, in them. What the tumour looked
    like before contrast is in T1, so this needs no model of it: T1's grey values are brought to
    those of T1ce by the straight line that fits healthy tissue, and shown in the enhancing part
    and a voxel round it, with a soft edge. The core (TC) and the whole tumour (WT) stay as drawn.

    Parameters
    ----------
    images : Tensor of float32, shape (c, z, y, x)
        A patch; 0 is background.
    labels : Tensor of uint8, shape (z, y, x)
        1 NCR, 2 ED, 3 ET.
    sequences : sequence of str
        Names of the c sequences.
    probability : float
        How often this happens to a patch that enhances.
    rng : torch.Generator
        Source of all randomness; untouched where ``probability`` is 0.

    Returns
    -------
    images, labels : Tensor
        New tensors; as given where nothing enhances, T1 or T1ce is missing, or too little healthy
        tissue is there to compare the two.
    """
    if probability <= 0 or float(torch.rand(1, generator=rng)) >= probability:
        return images, labels
    if not {"t1", "t1ce"} <= set(sequences):
        return images, labels
    plain, enhanced = (images[sequences.index(name)] for name in ("t1", "t1ce"))
    away = _taken(labels == ET, rng)
    imaged = (plain != 0) & (enhanced != 0)
    healthy = imaged & (labels == 0)
    if not away.any() or int(healthy.sum()) < ENOUGH:
        return images, labels
    before = _as_bright_as(plain, enhanced, healthy)
    share = ((3 - signed_distance(away)) / 2).clamp(0, 1) if not away.all() else away.float()
    share = torch.where(imaged & ((labels != ET) | away), share, 0.0)
    changed = images.clone()
    changed[sequences.index("t1ce")] = enhanced + share * (before - enhanced)
    return changed, torch.where(away, NCR, labels).to(labels.dtype)


def _taken(enhancing: Tensor, rng: torch.Generator) -> Tensor:
    """Return what is taken away: all of it, or all but a ball of 3 to 8 voxels."""
    whole, size, place = torch.rand(3, generator=rng).tolist()
    if whole < WHOLE or not enhancing.any():
        return enhancing
    voxels = enhancing.nonzero()
    centre = voxels[min(int(place * len(voxels)), len(voxels) - 1)]
    near = (voxels - centre).square().sum(dim=1) <= (3 + 5 * size) ** 2
    kept = torch.zeros_like(enhancing)
    kept[tuple(voxels[near].T)] = True
    return enhancing & ~kept


def _as_bright_as(plain: Tensor, enhanced: Tensor, healthy: Tensor) -> Tensor:
    x, y = plain[healthy], enhanced[healthy]
    x_mean, y_mean = x.mean(), y.mean()
    gain = ((x - x_mean) * (y - y_mean)).mean() / (x - x_mean).square().mean().clamp_min(1e-3)
    return (plain - x_mean) * gain.clamp(0.3, 2.0) + y_mean
