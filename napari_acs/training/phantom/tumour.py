"""A random glioma: where it grows, what it pushes away, and what it is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from .anatomy import Anatomy, rotation
from .fields import (
    blur,
    chance,
    indices,
    log_uniform,
    normal,
    push_outward,
    sample,
    signed_depth,
    smooth_noise,
    uniform,
)
from .options import PhantomOptions

NCR, ED, ET = 1, 2, 3
_PATTERNS = ("ring", "solid", "tiny", "none")
_MARCH_MM = 4.0
_SPEED = {"wm": 1.0, "gm": 0.22, "csf": 0.03}


@dataclass(frozen=True)
class Tumour:
    """A tumour in its brain; arrays ``(z, y, x)``.

    Parameters
    ----------
    labels : Tensor
        uint8: 0 none, 1 necrotic or non-enhancing core, 2 oedema, 3 enhancing.
    oedema : Tensor
        Strength of the oedema in 0-1: fades towards its edge, over 0.5 inside the label.
    radius_mm : float
        Of the largest focus; 0 without a tumour.
    """

    labels: Tensor
    oedema: Tensor
    radius_mm: float


def _foci(
    anatomy: Anatomy, rng: torch.Generator, options: PhantomOptions
) -> list[tuple[Tensor, float]]:
    """Draw centres (voxels, z y x) and radii (mm), the largest first."""
    low, high = options.lateral_mm
    weight = (anatomy.wm + 0.15 * anatomy.gm) * (anatomy.midline >= low) * (anatomy.midline <= high)
    # Few gliomas sit in the brain stem and cerebellum, which fill the lowest part of the box.
    height = torch.linspace(0, 1, anatomy.shape[0], dtype=weight.dtype, device=weight.device)
    weight = weight * torch.sigmoid((height - 0.3) * 20).view(-1, 1, 1)
    count = 1
    if chance(rng, options.multifocal):
        count += 1 + int(uniform(rng, 0, 3))
    radius = log_uniform(rng, *options.diameter_mm) / 2
    # Inverse-CDF sampling: torch.multinomial allows 2^24 voxels only.
    cumulative = weight.flatten().double().cumsum(0)
    foci = []
    for i in range(count):
        draw = torch.tensor([uniform(rng, 0, 1) * float(cumulative[-1])], dtype=torch.float64)
        flat = int(
            torch.searchsorted(cumulative, draw.to(cumulative.device)).clamp(
                max=cumulative.numel() - 1
            )
        )
        centre = torch.tensor(
            [
                flat // (weight.shape[1] * weight.shape[2]),
                flat // weight.shape[2] % weight.shape[1],
                flat % weight.shape[2],
            ],
            dtype=weight.dtype,
            device=weight.device,
        )
        foci.append((centre, radius if i == 0 else max(2.5, radius * uniform(rng, 0.2, 0.7))))
    return foci


def _growth(anatomy: Anatomy, rng: torch.Generator, foci: list[tuple[Tensor, float]]) -> Tensor:
    """Return the level set of the core: about mm below its surface, positive inside."""
    mm, like = anatomy.spacing_mm, anatomy.gm
    best = torch.full_like(like, -1e3)
    where = indices(anatomy.shape, like)
    rough = uniform(rng, 0.5, 1.3)
    for centre, radius in foci:
        axes = torch.tensor([math.exp(normal(rng, 0, 0.18)) for _ in range(3)])
        axes = (axes / axes.prod() ** (1 / 3)).to(like)
        turn = rotation(rng, 60.0, like) / axes[:, None]
        offset = (where - centre.view(3, 1, 1, 1)) * mm
        distance = torch.einsum("ij,jzyx->izyx", turn, offset).square().sum(0).sqrt()
        level = radius - distance
        for cell, weight in ((0.9, 0.3), (0.45, 0.16), (0.2, 0.08)):
            noise = smooth_noise(rng, anatomy.shape, cell * radius / mm, dtype=like.dtype)[0]
            level = level + radius * rough * weight * noise
        best = torch.maximum(best, level)
    return best


def press(anatomy: Anatomy, core: Tensor, strength: float) -> Anatomy:
    """Push the tissue of a brain out of the way of a growing mass (mass effect).

    The skull holds: displacement fades to nothing at the brain's surface. Part of the room comes
    from the ventricles, which are pressed flat rather than only moved.

    Parameters
    ----------
    anatomy : Anatomy
        The brain before.
    core : Tensor
        ``(z, y, x)`` share of each voxel that is mass.
    strength : float
        New volume for each unit of core volume.
    """
    mm = anatomy.spacing_mm
    held = blur(anatomy.brain.to(core.dtype)[None], 5.0 / mm)[0]
    free = ((held - 0.5) / 0.5).clamp(0, 1)
    growth = strength * blur(core[None], 1.5 / mm)[0]
    # The skull is full (Monro and Kellie): as much fluid leaves as tumour comes, ventricles first.
    fluid = anatomy.csf + 2 * anatomy.ventricles
    fluid = blur((fluid * (1 - core))[None], 1.5 / mm)[0]
    leaving = min(float(growth.sum() / fluid.sum().clamp(min=1e-6)), 0.35)
    shift = push_outward(growth - leaving * fluid) * free
    positions = indices(anatomy.shape, core) - shift
    maps = torch.stack([anatomy.gm, anatomy.wm, anatomy.csf, anatomy.ventricles, anatomy.midline])
    gm, wm, csf, ventricles, midline = sample(maps, positions)
    lack = (1 - gm - wm - csf).clamp(min=0)
    inside = anatomy.brain.to(core.dtype)
    return replace(
        anatomy,
        gm=gm * inside,
        wm=wm * inside,
        csf=(csf + lack) * inside,
        ventricles=ventricles * inside,
        midline=midline,
    )


def _creep(anatomy: Anatomy, rng: torch.Generator, core: Tensor, reach_mm: float) -> Tensor:
    """Return how far oedema has passed each voxel, mm of white matter, negative beyond it.

    A front that starts at the core and moves fast in white matter, slowly in grey matter and
    hardly in fluid: Dijkstra's relaxation on a coarse grid, axis and box steps in turn so that
    its balls are round rather than cubes.
    """
    mm = anatomy.spacing_mm
    step = max(1, round(_MARCH_MM / mm))
    noise = smooth_noise(rng, anatomy.shape, 10.0 / mm, dtype=core.dtype)[0]
    speed = sum(getattr(anatomy, k) * v for k, v in _SPEED.items()) * torch.exp(0.45 * noise)
    stacked = torch.stack([speed * anatomy.brain, core])[None]
    coarse = functional.avg_pool3d(stacked, step, ceil_mode=True, count_include_pad=False)[0]
    cost = step * mm / coarse[0].clamp(min=0.02)
    start = functional.max_pool3d(stacked[:, 1:], step, ceil_mode=True)[0, 0]
    time = torch.where(start > 0.5, (1 - coarse[1]) * step * mm * 0.5, 1e3)[None, None]
    for i in range(math.ceil(1.8 * reach_mm / (step * mm)) + 2):
        if i % 2:
            near = -functional.max_pool3d(-time, 3, 1, 1)
            time = torch.minimum(time, near + 1.5 * cost)
        else:
            for kernel in ((3, 1, 1), (1, 3, 1), (1, 1, 3)):
                pad = tuple(k // 2 for k in kernel)
                near = -functional.max_pool3d(-time, kernel, 1, pad)
                time = torch.minimum(time, near + cost)
    time = time.clamp(max=3 * reach_mm + 20)
    fine = functional.interpolate(
        time, size=[n * step for n in time.shape[2:]], mode="trilinear", align_corners=False
    )[0, 0]
    fine = fine[: core.shape[0], : core.shape[1], : core.shape[2]]
    return reach_mm - fine


def _enhancing(
    rng: torch.Generator, depth: Tensor, pattern: str, radius: float, mm: float
) -> Tensor:
    """Return where the core enhances; ``depth`` is mm below the core's surface."""
    shape = (depth.shape[0], depth.shape[1], depth.shape[2])

    def noise(cell_mm: float) -> Tensor:
        return smooth_noise(rng, shape, max(cell_mm, 1.5) / mm, dtype=depth.dtype)[0]

    if pattern == "none":
        return torch.zeros_like(depth, dtype=torch.bool)
    if pattern == "tiny":
        return noise(uniform(rng, 3.0, 8.0)) > uniform(rng, 1.6, 2.4)
    if pattern == "solid":
        return noise(0.4 * radius) < uniform(rng, 0.8, 3.5)
    thickness = log_uniform(rng, 1.8, 6.0) * torch.exp(0.45 * noise(0.5 * radius))
    outer = uniform(rng, 0.0, 0.35) * radius * (noise(radius) + 0.5) if chance(rng, 0.2) else 0.0
    rim = (depth > outer) & (depth < outer + thickness)
    if chance(rng, 0.5):  # the rim is broken in places
        rim &= noise(0.7 * radius) > uniform(rng, -2.0, -0.5)
    if chance(rng, 0.45):  # septa and islands inside
        rim |= (noise(0.35 * radius).abs() < uniform(rng, 0.03, 0.2)) & (noise(radius) > 0)
    return rim


def draw_tumour(
    anatomy: Anatomy, rng: torch.Generator, options: PhantomOptions
) -> tuple[Anatomy, Tumour]:
    """Grow a tumour in a brain.

    Returns
    -------
    anatomy : Anatomy
        The brain after mass effect.
    tumour : Tumour
        The tumour in it; empty in the share ``options.healthy``.
    """
    mm, like = anatomy.spacing_mm, anatomy.gm
    if chance(rng, options.healthy):
        empty = torch.zeros(anatomy.shape, dtype=torch.uint8, device=like.device)
        return anatomy, Tumour(labels=empty, oedema=torch.zeros_like(like), radius_mm=0.0)
    foci = _foci(anatomy, rng, options)
    radius = foci[0][1]
    level = _growth(anatomy, rng, foci)
    mass = ((level / mm + 0.5).clamp(0, 1)) * anatomy.brain
    anatomy = press(anatomy, mass, uniform(rng, *options.displacement))
    # Ventricles stop a tumour, sulci only slow it.
    level = level - 2.0 * radius * anatomy.ventricles - 0.35 * radius * anatomy.csf
    core = (level > 0) & anatomy.brain
    weights = [getattr(options, p) for p in _PATTERNS]
    draw, pattern = uniform(rng, 0, sum(weights)), _PATTERNS[-1]
    for name, weight in zip(_PATTERNS, weights, strict=True):
        if draw < weight:
            pattern = name
            break
        draw -= weight
    scale = min(max(0.3 * radius, 1.2), 5.0) / mm
    depth = signed_depth(core.to(like.dtype), max(scale, 0.8)) * mm
    enhancing = core & _enhancing(rng, depth, pattern, radius, mm)
    reach = log_uniform(rng, *options.oedema_mm) * min(1.0, 0.65 + radius / 25)
    passed = _creep(anatomy, rng, core.to(like.dtype), reach)
    passed = passed - 6.0 * anatomy.gm - 20.0 * anatomy.csf
    oedema = torch.sigmoid(passed / uniform(rng, 0.5, 2.0)) * anatomy.brain
    labels = torch.zeros(anatomy.shape, dtype=torch.uint8, device=like.device)
    labels[oedema > 0.5] = ED
    labels[core] = NCR
    labels[enhancing] = ET
    return anatomy, Tumour(labels=labels, oedema=oedema, radius_mm=radius)
