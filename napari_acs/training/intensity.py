"""Random changes of contrast, and sequences left out, so that other scanners look familiar.

MONAI has most of these one by one (``RandAdjustContrast``, ``RandBiasField``,
``RandGaussianNoise``, ``RandGaussianSmooth``, ``RandSimulateLowResolution``,
``RandIntensityRemap``). Each draws from a numpy state of its own, where a batch here is a function
of its step; most move the background off 0; and none leaves sequences out.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_acs.training.recipe import Augmentation


def change_intensities(images: Tensor, augmentation: Augmentation, rng: torch.Generator) -> Tensor:
    """Change each sequence of a patch on its own, then leave sequences out at random.

    In order, each with a probability of its own: a monotone remapping of intensities (gamma),
    a non-monotone one, contrast and brightness, a smooth bias field, loss of resolution along
    one axis (thick slices), blur, noise. The background stays exactly 0.

    Parameters
    ----------
    images : Tensor of float32, shape (c, z, y, x)
        Normalised; 0 is background.
    augmentation : Augmentation
        ``intensity`` scales all but blur and thick slices; ``drop_sequences`` is the probability
        that some sequences are left out. One always stays.
    rng : torch.Generator
        Source of all randomness.

    Returns
    -------
    Tensor of float32, shape (c, z, y, x)
        New tensor; a sequence left out is all 0, as a missing one is at prediction.
    """
    brain = images != 0
    changed = torch.stack([_change(c, augmentation.intensity, rng) for c in images])
    changed = torch.where(brain, changed.clamp(-5, 5), 0.0)
    return changed * _kept(images, augmentation.drop_sequences, rng)[:, None, None, None]


def _kept(images: Tensor, probability: float, rng: torch.Generator) -> Tensor:
    present = images.flatten(1).any(dim=1)
    keep = present.clone()
    if _uniform(rng) < probability:
        keep &= torch.rand(len(images), generator=rng) < 0.55
        if not keep.any():
            there = present.nonzero().flatten()
            if len(there):
                keep[there[int(torch.randint(len(there), (1,), generator=rng))]] = True
    return keep.float()


def _change(x: Tensor, strength: float, rng: torch.Generator) -> Tensor:
    if _uniform(rng) < 0.4:
        x = _gamma(x, 2 ** ((_uniform(rng) * 2 - 1) * 0.7 * strength))
    if _uniform(rng) < 0.12 * strength:
        x = _remap(x, rng)
    if _uniform(rng) < 0.5:
        x = x * (1 + (_uniform(rng) * 2 - 1) * 0.3 * strength)
        x = x + (_uniform(rng) * 2 - 1) * 0.4 * strength
    if _uniform(rng) < 0.3:
        knots = torch.randn((1, 1, 3, 3, 3), generator=rng) * 0.15 * strength
        field = F.interpolate(knots, size=x.shape, mode="trilinear", align_corners=True)[0, 0]
        x = (x + 3) * field.exp() - 3
    if _uniform(rng) < 0.2:
        x = _thick_slices(x, 1.5 + 2.5 * _uniform(rng), int(_uniform(rng) * 3))
    if _uniform(rng) < 0.2:
        x = _blur(x, 0.4 + 0.6 * _uniform(rng))
    if _uniform(rng) < 0.35:
        sigma = 0.25 * strength * _uniform(rng)
        x = x + torch.randn(x.shape, generator=rng) * sigma
    return x


def _gamma(x: Tensor, power: float) -> Tensor:
    low, high = float(x.min()), float(x.max())
    if high - low < 1e-6:
        return x
    return ((x - low) / (high - low)).clamp(0, 1) ** power * (high - low) + low


def _remap(x: Tensor, rng: torch.Generator) -> Tensor:
    """Send intensities through a random smooth curve that mostly rises, sometimes falls."""
    knots = torch.linspace(-3, 3, 7) + torch.randn(7, generator=rng) * 0.7
    if _uniform(rng) < 0.2:
        knots = knots.flip(0)
    place = (x.clamp(-3, 3) + 3).clamp(0, 5.999)
    below = place.long()
    share = place - below
    return knots[below] * (1 - share) + knots[below + 1] * share


def _thick_slices(x: Tensor, factor: float, axis: int) -> Tensor:
    size = list(x.shape)
    size[axis] = max(4, round(size[axis] / factor))
    coarse = F.interpolate(x[None, None], size=size, mode="area")
    back = F.interpolate(coarse, size=x.shape, mode="trilinear", align_corners=False)
    return back[0, 0]


def _blur(x: Tensor, sigma: float) -> Tensor:
    steps = torch.arange(-2, 3, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    kernel = kernel / kernel.sum()
    y = x[None, None]
    for axis in range(3):
        shape = [1, 1, 1, 1, 1]
        shape[2 + axis] = 5
        padding = [0, 0, 0]
        padding[axis] = 2
        y = F.conv3d(y, kernel.view(shape), padding=padding)
    return y[0, 0]


def _uniform(rng: torch.Generator) -> float:
    return float(torch.rand(1, generator=rng))
