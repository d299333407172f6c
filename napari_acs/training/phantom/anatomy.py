"""A random healthy brain, made from the atlas by deformation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .atlas import Atlas
from .fields import blur, chance, indices, log_uniform, normal, sample, smooth_noise, uniform


@dataclass(frozen=True)
class Anatomy:
    """Tissue of one brain; all arrays ``(z, y, x)``.

    Parameters
    ----------
    gm, wm, csf : Tensor
        Shares of each voxel, summing to 1 in the brain and 0 outside.
    ventricles : Tensor
        The part of ``csf`` that is ventricle.
    brain : Tensor
        Boolean brain mask.
    midline : Tensor
        Distance from the plane between the hemispheres, mm.
    spacing_mm : float
        Isotropic voxel size.
    """

    gm: Tensor
    wm: Tensor
    csf: Tensor
    ventricles: Tensor
    brain: Tensor
    midline: Tensor
    spacing_mm: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape (z, y, x)."""
        z, y, x = self.gm.shape
        return z, y, x


def rotation(rng: torch.Generator, degrees: float, like: Tensor) -> Tensor:
    """Return a random 3x3 rotation, each Euler angle normal with the given deviation."""
    matrix = torch.eye(3, dtype=like.dtype, device=like.device)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        angle = math.radians(normal(rng, 0.0, degrees))
        turn = torch.eye(3, dtype=like.dtype, device=like.device)
        turn[a, a] = turn[b, b] = math.cos(angle)
        turn[a, b], turn[b, a] = -math.sin(angle), math.sin(angle)
        matrix = matrix @ turn
    return matrix


def _positions(atlas: Atlas, rng: torch.Generator) -> Tensor:
    """Draw where each voxel of the new brain lies in the atlas: (3, z, y, x) voxels."""
    shape, mm = atlas.shape, atlas.spacing_mm
    like = atlas.gm
    centre = (torch.tensor(shape, dtype=like.dtype, device=like.device) - 1) / 2
    # The template is a little larger than the brains of the BraTS cases, in height above all.
    size = [uniform(rng, 0.82, 0.95), uniform(rng, 0.85, 0.99), uniform(rng, 0.88, 1.0)]
    inverse = rotation(rng, 3.0, like) / torch.tensor(size, dtype=like.dtype, device=like.device)
    if chance(rng, 0.5):
        inverse = inverse * torch.tensor([1.0, 1.0, -1.0], dtype=like.dtype, device=like.device)
    inverse = inverse + 0.02 * torch.randn(
        (3, 3), generator=rng, device=rng.device, dtype=like.dtype
    )
    shift = torch.randn(3, generator=rng, device=rng.device, dtype=like.dtype) * 1.5 / mm
    moved = indices(shape, like) - (centre + shift).view(3, 1, 1, 1)
    positions = torch.einsum("ij,jzyx->izyx", inverse, moved) + centre.view(3, 1, 1, 1)
    for cell_mm, std_mm in ((45.0, uniform(rng, 0.5, 3.5)), (16.0, uniform(rng, 0.2, 1.3))):
        noise = smooth_noise(rng, shape, cell_mm / mm, channels=3, dtype=like.dtype)
        positions = positions + noise * std_mm / mm
    return positions


def draw_anatomy(atlas: Atlas, rng: torch.Generator) -> Anatomy:
    """Deform the atlas at random into a new healthy brain.

    Size, shape, asymmetry, width of the ventricles and sulci, sharpness of the tissue borders,
    and how closely the skull was stripped all vary.
    """
    mm = atlas.spacing_mm
    positions = _positions(atlas, rng)
    maps = torch.stack([atlas.gm, atlas.wm, atlas.csf, atlas.ventricles])
    # Pulling voxels from nearer the ventricles' centre than they are makes the ventricles wider.
    positions = positions - uniform(rng, -0.4, 1.6) * sample(atlas.ventricle_push, positions)
    gm, wm, csf, ventricles = sample(maps, positions).clamp(0, 1)
    total = gm + wm + csf
    edge = smooth_noise(rng, atlas.shape, 18.0 / mm, dtype=total.dtype)[0]
    filled = blur(total[None], 1.5 / mm)[0]
    brain = filled + uniform(rng, 0.03, 0.12) * edge > uniform(rng, 0.3, 0.7)
    brain = (brain & (filled > 0.15)) | (filled > 0.85)  # ragged at the edge only
    share = ventricles / csf.clamp(min=1e-6)
    # What stripping left around the brain is fluid; wide sulci are atrophy.
    csf = csf * log_uniform(rng, 0.8, 2.2) + (1 - total).clamp(min=0)
    power = uniform(rng, 1.0, 2.5)
    tissue = torch.stack([gm, wm, csf]).clamp(min=0) ** power * brain
    tissue = tissue / tissue.sum(0).clamp(min=1e-6)
    midline = (positions[2] - (atlas.shape[2] - 1) / 2).abs() * mm
    return Anatomy(
        gm=tissue[0],
        wm=tissue[1],
        csf=tissue[2],
        ventricles=tissue[2] * share.clamp(0, 1),
        brain=brain & (tissue.sum(0) > 0),
        midline=midline,
        spacing_mm=mm,
    )
