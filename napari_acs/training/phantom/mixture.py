"""What each voxel is made of, unlabelled distractors included."""

from __future__ import annotations

import torch
from torch import Tensor

from .anatomy import Anatomy
from .contrast import TISSUES
from .fields import blur, chance, log_uniform, smooth_noise, uniform
from .options import PhantomOptions
from .tumour import ED, ET, NCR, Tumour


def _lay(mix: Tensor, tissue: str, share: Tensor) -> None:
    """Lay a tissue over the mixture, in place: it takes ``share`` (0-1) of each voxel."""
    mix.mul_(1 - share)
    mix[TISSUES.index(tissue)] += share


def _vessels(anatomy: Anatomy, rng: torch.Generator) -> Tensor:
    """Draw vessels in the sulci, the sagittal sinus, and enhancing choroid plexus: 0-1."""
    mm, shape, dtype = anatomy.spacing_mm, anatomy.shape, anatomy.gm.dtype
    # Where two random surfaces meet is a random curve.
    a, b = smooth_noise(rng, shape, 14.0 / mm, channels=2, dtype=dtype)
    width = uniform(rng, 0.04, 0.14) * max(1.0, mm / 1.5)
    tubes = ((a.abs() < width) & (b.abs() < width)).to(dtype)
    near_fluid = (blur(anatomy.csf[None], 2.0 / mm)[0] * 4).clamp(0, 1)
    out = tubes * near_fluid
    surface = anatomy.brain & (blur(anatomy.brain.to(dtype)[None], 3.0 / mm)[0] < 0.72)
    back = torch.linspace(0, 1, shape[1], dtype=dtype, device=a.device).view(1, -1, 1) > 0.55
    out = torch.maximum(
        out, (surface & back & (anatomy.midline < uniform(rng, 1.0, 4.0))).to(dtype)
    )
    # Dura left by skull stripping, in patches.
    patches = smooth_noise(rng, shape, 12.0 / mm, dtype=dtype)[0] > uniform(rng, 1.2, 2.5)
    thin = anatomy.brain & (blur(anatomy.brain.to(dtype)[None], 1.5 / mm)[0] < 0.62)
    out = torch.maximum(out, 0.7 * (thin & patches).to(dtype))
    plexus = smooth_noise(rng, shape, 5.0 / mm, dtype=dtype)[0] > uniform(rng, 0.8, 2.0)
    return torch.maximum(out, 0.8 * plexus.to(dtype) * anatomy.ventricles)


def _hyperintensities(anatomy: Anatomy, rng: torch.Generator) -> Tensor:
    """Draw small-vessel disease: caps round the ventricles and dots in white matter, 0-1."""
    mm, shape, dtype = anatomy.spacing_mm, anatomy.shape, anatomy.gm.dtype
    fluid = blur(anatomy.ventricles[None], log_uniform(rng, 1.5, 3.5) / mm)[0]
    noise = smooth_noise(rng, shape, 9.0 / mm, dtype=dtype)[0]
    caps = torch.sigmoid((fluid + 0.06 * noise - uniform(rng, 0.15, 0.4)) * 30)
    dots = smooth_noise(rng, shape, log_uniform(rng, 2.5, 5.0) / mm, dtype=dtype)[0]
    region = smooth_noise(rng, shape, 30.0 / mm, dtype=dtype)[0] > 0
    spots = torch.sigmoid((dots - uniform(rng, 2.2, 3.2)) * 8) * region
    return torch.maximum(caps, spots) * anatomy.wm * uniform(rng, 0.5, 1.0)


def mix_tissues(
    anatomy: Anatomy, tumour: Tumour, rng: torch.Generator, options: PhantomOptions
) -> Tensor:
    """Return the share of each tissue in each voxel.

    Returns
    -------
    Tensor
        ``(len(TISSUES), z, y, x)``, summing to 1 in the brain and 0 outside.
    """
    mm, shape, dtype = anatomy.spacing_mm, anatomy.shape, anatomy.gm.dtype
    mix = torch.zeros((len(TISSUES), *shape), dtype=dtype, device=anatomy.gm.device)
    mix[0], mix[1], mix[2] = anatomy.wm, anatomy.gm, anatomy.csf
    if chance(rng, 0.4 * options.distractors):
        _lay(mix, "wmh", _hyperintensities(anatomy, rng))
    if chance(rng, 0.75 * options.distractors):
        _lay(mix, "vessel", _vessels(anatomy, rng))
    if tumour.radius_mm > 0:
        is_oedema = (tumour.labels == ED).to(dtype)
        # Half-hearted oedema also shows, faintly, just beyond its label.
        strength = uniform(rng, 0.6, 1.0) * tumour.oedema * (0.35 + 0.65 * is_oedema)
        texture = smooth_noise(rng, shape, 8.0 / mm, dtype=dtype)[0]
        _lay(mix, "oedema", (strength * (1 + 0.15 * texture)).clamp(0, 1))
        core = (tumour.labels == NCR).to(dtype)
        cell = max(0.5 * tumour.radius_mm, 2.0) / mm
        fluid = torch.sigmoid(
            (smooth_noise(rng, shape, cell, dtype=dtype)[0] + uniform(rng, -2.5, 2.5)) * 2.0
        )
        _lay(mix, "solid", core)
        _lay(mix, "cyst", core * fluid)
        enhancing = (tumour.labels == ET).to(dtype)
        patchy = smooth_noise(rng, shape, 4.0 / mm, dtype=dtype)[0]
        dim = (1 - uniform(rng, 0.0, 0.35) * torch.sigmoid(2 * patchy)) * enhancing
        _lay(mix, "solid", enhancing)
        _lay(mix, "enhancing", dim)
        if chance(rng, 0.25 * options.distractors):
            spot = smooth_noise(rng, shape, max(0.3 * tumour.radius_mm, 2.0) / mm, dtype=dtype)[0]
            _lay(mix, "blood", (core + enhancing) * (spot > uniform(rng, 1.2, 2.2)))
    return mix
