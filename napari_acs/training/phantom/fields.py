"""Random smooth fields, blurring and warping of 3D arrays, in torch alone.

Every array is ``(c, z, y, x)`` or ``(z, y, x)`` in voxels. Smoothing and interpolation are
separable, so they are three small matrix products: fast on one core and the same on a GPU.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

# A cubic B-spline over white noise keeps this share of its variance along each axis
# (the integral of the squared kernel, 151/315).
_SPLINE_VARIANCE = 151 / 315


def uniform(rng: torch.Generator, low: float, high: float) -> float:
    """Draw one float, uniform in [low, high)."""
    return low + (high - low) * float(torch.rand(1, generator=rng, device=rng.device))


def log_uniform(rng: torch.Generator, low: float, high: float) -> float:
    """Draw one positive float whose logarithm is uniform in [log low, log high)."""
    return math.exp(uniform(rng, math.log(low), math.log(high)))


def normal(rng: torch.Generator, mean: float = 0.0, std: float = 1.0) -> float:
    """Draw one float from a normal distribution."""
    return mean + std * float(torch.randn(1, generator=rng, device=rng.device))


def chance(rng: torch.Generator, probability: float) -> bool:
    """Return True with the given probability."""
    return uniform(rng, 0.0, 1.0) < probability


def separable(x: Tensor, matrices: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Apply one matrix along each of z, y and x.

    Parameters
    ----------
    x : Tensor
        ``(c, z, y, x)``.
    matrices : tuple of Tensor
        Three matrices ``(n_out, n_in)`` for z, y and x.

    Returns
    -------
    Tensor
        ``(c, z_out, y_out, x_out)``.
    """
    along_z, along_y, along_x = matrices
    x = along_y @ (x @ along_x.T)
    c, z, y, width = x.shape
    return (along_z @ x.reshape(c, z, y * width)).reshape(c, along_z.shape[0], y, width)


def smooth_noise(
    rng: torch.Generator,
    shape: tuple[int, int, int],
    cell: float,
    *,
    channels: int = 1,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Return zero-mean, unit-variance noise, smooth at the scale of ``cell`` voxels.

    White noise on a coarse lattice, interpolated with cubic B-splines from a random offset.

    Parameters
    ----------
    rng : torch.Generator
        Source of randomness; the result lies on its device.
    shape : tuple of int
        ``(z, y, x)``.
    cell : float
        Distance of lattice points in voxels. At 1 or less the noise is white.
    channels : int
        Number of independent fields.
    dtype : torch.dtype
        Of the result.

    Returns
    -------
    Tensor
        ``(channels, z, y, x)``.
    """
    device = rng.device
    if cell <= 1.0:
        return torch.randn((channels, *shape), generator=rng, device=device, dtype=dtype)
    matrices = []
    for n in shape:
        position = torch.arange(n, device=device, dtype=dtype) / cell + uniform(rng, 0.0, 1.0)
        left = position.floor()
        t = (position - left)[:, None]
        taps = torch.cat(
            [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], 1
        )
        columns = left.long()[:, None] + torch.arange(4, device=device)
        matrix = torch.zeros(n, math.ceil(n / cell) + 5, device=device, dtype=dtype)
        matrices.append(matrix.scatter_(1, columns, taps / 6))
    coarse = torch.randn(
        (channels, *(m.shape[1] for m in matrices)), generator=rng, device=device, dtype=dtype
    )
    noise = separable(coarse, (matrices[0], matrices[1], matrices[2]))
    return noise / math.sqrt(_SPLINE_VARIANCE**3)


def blur(x: Tensor, sigma: float | tuple[float, float, float]) -> Tensor:
    """Blur ``(c, z, y, x)`` with a Gaussian; sigma in voxels, one or one for each axis.

    Outside the array counts as zero.
    """
    sigmas = (sigma, sigma, sigma) if isinstance(sigma, float) else sigma
    matrices = []
    for n, s in zip(x.shape[1:], sigmas, strict=True):
        i = torch.arange(n, device=x.device, dtype=x.dtype)
        if s < 0.05:
            matrices.append(torch.eye(n, device=x.device, dtype=x.dtype))
            continue
        reach = torch.arange(-n, n + 1, device=x.device, dtype=x.dtype)
        total = torch.exp(-0.5 * (reach / s) ** 2).sum()
        matrices.append(torch.exp(-0.5 * ((i[:, None] - i) / s) ** 2) / total)
    return separable(x, (matrices[0], matrices[1], matrices[2]))


def indices(shape: tuple[int, int, int], like: Tensor) -> Tensor:
    """Return the index of each voxel, ``(3, z, y, x)``, components in the order z, y, x."""
    axes = [torch.arange(n, device=like.device, dtype=like.dtype) for n in shape]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"))


def sample(x: Tensor, positions: Tensor) -> Tensor:
    """Interpolate ``x`` linearly at the given voxel positions, 0 outside.

    Parameters
    ----------
    x : Tensor
        ``(c, z, y, x)``.
    positions : Tensor
        ``(3, z_out, y_out, x_out)`` in voxels of ``x``, components z, y, x.

    Returns
    -------
    Tensor
        ``(c, z_out, y_out, x_out)``.
    """
    size = torch.tensor(x.shape[1:], device=x.device, dtype=x.dtype).view(3, 1, 1, 1)
    unit = (2 * positions / (size - 1) - 1).flip(0).movedim(0, -1)
    return functional.grid_sample(x[None], unit[None], mode="bilinear", align_corners=True)[0]


def push_outward(source: Tensor) -> Tensor:
    """Return the displacement that makes room for a source of new volume.

    Solves ``div u = source`` with ``u`` a gradient (Poisson's equation, by FFT): the first-order
    answer of an elastic medium to growth. Away from the source no tissue is compressed, it moves.

    Parameters
    ----------
    source : Tensor
        ``(z, y, x)``, new volume for each unit of volume; negative shrinks.

    Returns
    -------
    Tensor
        ``(3, z, y, x)`` displacement in voxels, components z, y, x.
    """
    shape = source.shape
    k = [torch.fft.fftfreq(n, device=source.device, dtype=source.dtype) for n in shape[:2]]
    k.append(torch.fft.rfftfreq(shape[2], device=source.device, dtype=source.dtype))
    grid = [2 * math.pi * g for g in torch.meshgrid(*k, indexing="ij")]
    squared = grid[0] ** 2 + grid[1] ** 2 + grid[2] ** 2
    squared[0, 0, 0] = 1.0
    spectrum = torch.fft.rfftn(source) / squared
    return torch.stack([torch.fft.irfftn(-1j * g * spectrum, s=shape) for g in grid])


def signed_depth(mask: Tensor, scale: float) -> Tensor:
    """Estimate the depth below the surface of a mask, in voxels, negative outside.

    A blurred half-space is the normal distribution function of its depth; turned round, that
    gives a smooth sub-voxel distance, good to about two ``scale`` and saturating beyond.

    Parameters
    ----------
    mask : Tensor
        ``(z, y, x)`` in 0-1.
    scale : float
        Standard deviation of the blur, voxels.
    """
    share = blur(mask[None], scale)[0].clamp(0.003, 0.997)
    depth: Tensor = scale * torch.special.ndtri(share)
    return depth
