"""From tissue shares to images: texture, blur, bias field, noise, and a scanner's defects."""

from __future__ import annotations

import torch
from torch import Tensor

from .anatomy import Anatomy
from .contrast import TISSUES
from .fields import blur, chance, log_uniform, smooth_noise, uniform
from .options import PhantomOptions

_FLOOR = 1e-3
_TUMOUR = [TISSUES.index(t) for t in ("solid", "cyst", "oedema", "enhancing")]


def _point_spread(rng: torch.Generator, mm: float, options: PhantomOptions) -> tuple[float, ...]:
    """Draw the blur of one sequence, sigma in voxels along z, y, x; sometimes thick slices."""
    sharp = uniform(rng, 0.3, 0.8) / mm * 1.2
    sigma = [sharp, sharp, sharp]
    if chance(rng, 0.25 * options.degrade):
        # A 3-6 mm slice profile; the BraTS cases were interpolated to 1 mm from such data.
        sigma[int(uniform(rng, 0, 3))] = uniform(rng, 3.0, 6.0) / 2.355 / mm
    return tuple(sigma)


def acquire(
    mix: Tensor, contrast: Tensor, anatomy: Anatomy, rng: torch.Generator, options: PhantomOptions
) -> Tensor:
    """Image the mixture in four sequences.

    Parameters
    ----------
    mix : Tensor
        ``(tissues, z, y, x)`` shares.
    contrast : Tensor
        ``(4, tissues)`` mean signal.
    anatomy : Anatomy
        For the brain mask and the spacing.

    Returns
    -------
    Tensor
        ``(4, z, y, x)``, positive in the brain, exactly 0 outside it.
    """
    mm, shape, dtype = anatomy.spacing_mm, anatomy.shape, mix.dtype
    images = torch.einsum("st,tzyx->szyx", contrast, mix)
    fine, coarse = (smooth_noise(rng, shape, c / mm, channels=4, dtype=dtype) for c in (3.0, 10.0))
    lesion = mix[_TUMOUR].sum(0)
    amount = uniform(rng, 0.01, 0.05) + uniform(rng, 0.02, 0.09) * lesion
    images = images * (1 + amount * (0.6 * fine + 0.8 * coarse))
    out = []
    for image in images:
        sigma = _point_spread(rng, mm, options)
        seen = blur(image[None], (sigma[0], sigma[1], sigma[2]))[0]
        bias = smooth_noise(rng, shape, uniform(rng, 50.0, 110.0) / mm, dtype=dtype)[0]
        seen = seen * torch.exp(uniform(rng, 0.0, 0.18) * bias)
        level = float((image * mix[0]).sum() / mix[0].sum().clamp(min=1.0))
        scale = log_uniform(rng, *options.noise) * level
        real, imaginary = torch.randn((2, *shape), generator=rng, device=rng.device, dtype=dtype)
        if chance(rng, 0.5):  # interpolated data has correlated noise
            pair = blur(torch.stack([real, imaginary]), 0.6)
            real, imaginary = pair / pair.std()
        seen = torch.sqrt((seen + scale * real) ** 2 + (scale * imaginary) ** 2)
        keep = anatomy.brain.to(dtype)
        seen = seen.clamp(min=_FLOOR) * keep
        if chance(rng, 0.04 * options.degrade):  # a field of view that misses the top or bottom
            missing = round(uniform(rng, 0.03, 0.2) * shape[0])
            if chance(rng, 0.5):
                seen[:missing] = 0
            else:
                seen[shape[0] - missing :] = 0
        out.append(seen * log_uniform(rng, 60.0, 900.0))
    return torch.stack(out)
