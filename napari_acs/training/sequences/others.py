"""Images that are none of the four sequences: what the classifier must not take for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_acs.imaging import Volume
from napari_acs.training.sequences.scalp import with_scalp
from napari_acs.training.sequences.scans import on_a_grid, smooth_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = (
    "mask", "probability", "inverted", "bent", "subtraction", "ratio", "diffusion-map", "ct",
    "noise", "ramp", "shapes",
)  # fmt: skip


def draw_other(
    rng: np.random.Generator, study: Mapping[str, NDArray[np.float32]], mm: float, kind: str
) -> Volume:
    """Make an image of a kind out of a stripped study.

    Parameters
    ----------
    rng : numpy.random.Generator
    study : mapping of str to ndarray, shape (z, y, x)
        The four sequences on one isotropic grid in LPS order, 0 outside the brain.
    mm : float
        Its spacing.
    kind : str
        One of `KINDS`: a label map; a probability map; a sequence whose greys, with those of
        air, are turned over, or folded within the brain; a difference or a ratio of T1ce and T1;
        like an ADC map (fluid bright, the rest of the brain flat); like CT; pure noise; a ramp;
        random shapes.
    """
    inside = study["t1"] != 0
    # Each sequence with the brain's median at 1.
    unit = {k: v / (float(np.median(v[inside])) or 1.0) for k, v in study.items()}
    shape = inside.shape
    if kind == "ct":
        flat = np.where(inside, 1 + 0.04 * (unit["t1"] - 1), 0).astype(np.float32)
        return with_scalp(rng, on_a_grid(flat, np.full(3, mm)), "ct")
    if kind == "mask":
        made = _labels(rng, unit, inside)
    elif kind == "probability":
        centre, width = rng.uniform(0.7, 1.5), rng.uniform(0.05, 0.3)
        chosen = unit[str(rng.choice(list(unit)))]
        made = 1 / (1 + np.exp(-np.clip((chosen - centre) / width, -30, 30)))
        made = ndimage.gaussian_filter(made * inside, rng.uniform(0, 1.5))
        made[~inside] = 0
    elif kind == "inverted":
        chosen = unit[str(rng.choice(list(unit)))]
        made = float(np.percentile(chosen[inside], 99.5)) - chosen
    elif kind == "bent":
        chosen = unit[str(rng.choice(list(unit)))]
        turns = rng.uniform(2.5, 6)
        made = np.where(inside, 1.2 + np.sin(turns * chosen + rng.uniform(0, 6.3)), 0)
    elif kind == "subtraction":
        difference = unit["t1ce"] - unit["t1"] * rng.uniform(0.9, 1.1)
        made = np.where(inside, np.abs(difference) if rng.random() < 0.6 else difference, 0)
    elif kind == "ratio":
        made = np.where(inside, unit["t1"] / np.clip(unit["t2"], 0.1, None), 0)
    elif kind == "diffusion-map":
        steep = rng.uniform(4, 10)
        fluid = 1 / (1 + np.exp(-np.clip(steep * (unit["t2"] - rng.uniform(1.4, 1.8)), -30, 30)))
        made = np.where(inside, 0.8 + 2.2 * fluid, 0)
        made += inside * 0.1 * rng.standard_normal(shape)
    elif kind == "noise":
        made = ndimage.gaussian_filter(rng.standard_normal(shape), rng.uniform(0, 3))
        made = made * inside if rng.random() < 0.5 else made
    elif kind == "ramp":
        made = smooth_field(rng, shape, 2)
    else:
        made = _shapes(rng, shape)
    return on_a_grid(np.ascontiguousarray(made, np.float32), np.full(3, mm))


def whole_noise(rng: np.random.Generator) -> Volume:
    """Draw noise that fills a volume from edge to edge, on any spacing; a head is nowhere."""
    spacing = rng.uniform((1.0, 1.0, 1.0), (5.0, 3.0, 3.0))
    shape = tuple(int(n) for n in rng.uniform(100, 240, 3) / spacing)
    draw = str(rng.choice(("normal", "uniform", "rayleigh", "few")))
    if draw == "normal":
        made = rng.standard_normal(shape) + float(rng.choice((0, 5)))
    elif draw == "uniform":
        made = rng.random(shape)
    elif draw == "rayleigh":
        made = np.hypot(*rng.standard_normal((2, *shape)))
    else:
        made = (rng.random(shape) < rng.uniform(0.001, 0.2)).astype(float)  # a constant with spots
    if rng.random() < 0.4:
        made = ndimage.gaussian_filter(made, rng.uniform(0.3, 3) / spacing)
    return on_a_grid(np.ascontiguousarray(made, np.float32), spacing)


def _labels(
    rng: np.random.Generator, unit: Mapping[str, NDArray[np.float32]], inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return a brain mask, a map of a few tissues, or the mask of a lesion."""
    which = rng.integers(3)
    if which == 0:
        return inside.astype(np.float32)
    if which == 1:
        smooth = ndimage.gaussian_filter(unit["t1"], 1)
        borders = np.quantile(smooth[inside], np.sort(rng.uniform(0.1, 0.9, 2)))
        return np.asarray(np.where(inside, 1 + np.digitize(smooth, borders), 0), np.float32)
    places = np.argwhere(inside)
    middle = places[rng.integers(len(places))]
    axes = np.ogrid[tuple(map(slice, inside.shape))]
    far = sum((axis - c) ** 2 for axis, c in zip(axes, middle, strict=True))
    ball = np.sqrt(np.asarray(far)) + 3 * smooth_field(rng, inside.shape, 8)
    lesion = (ball < rng.uniform(4, 20)) & inside
    return np.asarray(lesion * float(rng.integers(1, 5)), np.float32)


def _shapes(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    made = np.zeros(shape, np.float32)
    grid = np.ogrid[tuple(map(slice, shape))]
    for _ in range(int(rng.integers(1, 8))):
        middle = [rng.uniform(0.2, 0.8) * n for n in shape]
        radii = rng.uniform(4, 40, 3)
        parts = [np.abs((a - c) / r) for a, c, r in zip(grid, middle, radii, strict=True)]
        power = rng.choice((2.0, 8.0))
        made[sum(p**power for p in parts) < 1] = rng.uniform(0.2, 2)
    return made
