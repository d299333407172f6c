"""Fields against scipy and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from napari_acs.training.phantom.fields import (
    blur,
    indices,
    push_outward,
    sample,
    signed_depth,
    smooth_noise,
)


def ball(n: int, radius: float) -> torch.Tensor:
    centre = (n - 1) / 2
    offset = indices((n, n, n), torch.zeros(1, dtype=torch.float64)) - centre
    return (radius - offset.norm(dim=0) + 0.5).clamp(0, 1)


def test_noise_has_unit_variance_and_the_asked_smoothness():
    rng = torch.Generator().manual_seed(0)
    for cell in (1.0, 2.5, 6.0):
        noise = smooth_noise(rng, (48, 40, 44), cell, channels=8)
        assert noise.shape == (8, 48, 40, 44)
        assert abs(float(noise.mean())) < 0.1
        assert float(noise.std()) == pytest.approx(1.0, abs=0.07)
        step = float(noise.diff(dim=1).square().mean() / 2)  # 1 - correlation of neighbours
        # Cubic B-spline noise: autocorrelation's curvature is 2/3 / (151/315) at 0.
        expected = 1.0 if cell == 1.0 else 0.5 * (2 / 3) / (151 / 315) / cell**2
        assert step == pytest.approx(expected, rel=0.2)


def test_blur_is_a_gaussian_filter():
    x = torch.randn(2, 21, 30, 25, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    sigmas = (1.5, 0.0, 2.5)
    expected = [ndimage.gaussian_filter(c, sigmas, mode="constant", truncate=12) for c in x.numpy()]
    np.testing.assert_allclose(blur(x, sigmas).numpy(), np.stack(expected), atol=1e-9)


def test_sample_interpolates_in_zyx_order():
    x = torch.randn(1, 7, 8, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    here = indices((7, 8, 9), x)
    assert torch.allclose(sample(x, here), x)
    shift = torch.tensor([1.25, -0.5, 0.75], dtype=x.dtype).view(3, 1, 1, 1)
    expected = ndimage.map_coordinates(
        x[0].numpy(), (here + shift).numpy(), order=1, mode="grid-constant", cval=0.0
    )
    np.testing.assert_allclose(sample(x, here + shift)[0].numpy(), expected, atol=1e-9)


def test_push_makes_room_for_exactly_the_new_volume():
    n, radius, growth = 80, 9.0, 0.6
    u = push_outward(growth * ball(n, radius))
    offset = indices((n, n, n), u) - (n - 1) / 2
    distance = offset.norm(dim=0)
    outward = (u * offset).sum(0) / distance
    for r in (5.0, 11.0, 15.0):
        # Gauss: what flows through a sphere is the volume that grew inside it.
        expected = growth * min(r, radius) ** 3 / (3 * r**2)
        found = float(outward[(distance - r).abs() < 0.4].mean())
        assert found == pytest.approx(expected, rel=0.05)


def test_depth_is_the_distance_to_the_surface():
    mask = (ball(49, 14.0) > 0.5).double()
    exact = ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(1 - mask)
    depth = signed_depth(mask, 3.0).numpy()
    near = np.abs(exact) < 4
    assert np.abs(depth - exact)[near].mean() < 0.8
    assert ((depth > 0) == (mask.numpy() > 0))[np.abs(exact) > 1.5].all()
