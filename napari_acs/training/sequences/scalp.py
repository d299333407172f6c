"""A made-up scalp, skull, face and neck round a stripped brain, in the greys of its sequence.

No public heads with T2 and FLAIR may be used here, but for one patient's; this teaches that what
lies outside the brain says nothing for certain: fat and muscle have wide ranges of greys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_acs.imaging import Volume
from napari_acs.imaging.brain import corner_value
from napari_acs.training.sequences.scans import on_a_grid, smooth_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

TISSUES = ("fluid", "bone", "marrow", "fat", "skin", "muscle", "mucosa")
GREYS: dict[str, tuple[tuple[float, float], ...]] = {
    "t1": ((0.2, 0.5), (0.05, 0.25), (0.8, 1.6), (1.3, 3.0), (0.7, 1.3), (0.5, 0.9), (0.6, 0.9)),
    "t1ce": ((0.2, 0.5), (0.05, 0.25), (0.8, 1.7), (1.3, 3.0), (0.9, 1.7), (0.6, 1.0), (1.2, 2.2)),
    "t2": ((1.8, 3.2), (0.05, 0.2), (0.6, 1.4), (0.8, 2.2), (0.6, 1.3), (0.2, 0.6), (1.3, 2.6)),
    "flair": ((0.1, 0.45), (0.05, 0.2), (0.6, 1.3), (0.7, 2.2), (0.7, 1.5), (0.4, 0.9), (1.0, 2.0)),
    "ct": ((0.9, 1.0), (3.0, 6.0), (2.0, 3.0), (0.5, 0.8), (0.9, 1.1), (0.9, 1.2), (0.9, 1.1)),
}
"""Ranges of grey of each of `TISSUES`, where the brain's median is 1."""
_SUPPRESSED = (0.2, 0.6)


def with_scalp(rng: np.random.Generator, volume: Volume, kind: str) -> Volume:
    """Return a stripped brain within a made-up head.

    Parameters
    ----------
    rng : numpy.random.Generator
    volume : Volume
        One background value round a brain; isotropic, in LPS order.
    kind : str
        A key of `GREYS`.
    """
    mm = volume.grid.spacing[0]
    above = np.pad(volume.array - np.float32(corner_value(volume.array)), round(24 / mm))
    inside = ndimage.binary_fill_holes(above != 0)
    assert inside is not None
    median = float(np.median(above[inside])) or 1.0
    greys = dict(zip(TISSUES, (rng.uniform(*span) for span in GREYS[kind]), strict=True))
    if kind != "ct" and rng.random() < 0.25:
        greys["fat"], greys["marrow"] = rng.uniform(*_SUPPRESSED), rng.uniform(*_SUPPRESSED)
    depth = ndimage.distance_transform_edt(~inside, sampling=mm).astype(np.float32)
    depth += rng.uniform(0.5, 2.5) * smooth_field(rng, depth.shape, 6)
    head = _layers(rng, depth, greys, _soft(rng, inside, mm), mm)
    _face(rng, head, inside, greys, mm)
    texture = 1 + 0.15 * rng.standard_normal(head.shape).astype(np.float32)
    head *= ndimage.gaussian_filter(texture, 0.7)
    head[inside] = above[inside] / median
    head = ndimage.gaussian_filter(head, rng.uniform(0.2, 0.6))
    sigma = np.float32(rng.uniform(0.005, 0.05))
    real, imaginary = rng.standard_normal((2, *head.shape), np.float32) * sigma
    air = np.hypot(head + real, imaginary)
    return on_a_grid(np.asarray(air * 300, np.float32), np.full(3, mm))


def _soft(rng: np.random.Generator, inside: NDArray[np.bool_], mm: float) -> NDArray[np.bool_]:
    """Return where the neck and the face are: below and before the brain."""
    used = np.argwhere(inside)
    (z0, y0, x0), (_, y1, x1) = used.min(0), used.max(0)
    z, y, x = np.ogrid[tuple(slice(0, n) for n in inside.shape)]
    mx = (x0 + x1) / 2

    def ellipsoid(cz: float, cy: float, rz: float, ry: float, rx: float) -> NDArray[np.bool_]:
        parts = ((z - cz) * mm / rz) ** 2, ((y - cy) * mm / ry) ** 2, ((x - mx) * mm / rx) ** 2
        return np.asarray(sum(parts) < 1)

    face = ellipsoid(z0 + 5 / mm, y0 + 35 / mm, rng.uniform(50, 75), rng.uniform(45, 60), 58)
    neck = ellipsoid(z0 - 10 / mm, (y0 + y1) / 2 + 15 / mm, 80, rng.uniform(50, 65), 60)
    soft: NDArray[np.bool_] = (face | neck) & ~inside
    return soft


def _layers(
    rng: np.random.Generator,
    depth: NDArray[np.float32],
    greys: dict[str, float],
    soft: NDArray[np.bool_],
    mm: float,
) -> NDArray[np.float32]:
    gap = rng.uniform(1, 4)
    bone = gap + rng.uniform(4, 9)
    fat = bone + rng.uniform(3, 9)
    head = np.zeros(depth.shape, np.float32)
    head[soft] = greys["muscle"]
    patches = smooth_field(rng, depth.shape, 9)
    head[soft & (patches > 0.5)] = greys["fat"]
    rim = ndimage.binary_erosion(soft | (depth < fat), iterations=max(1, round(5 / mm)))
    head[soft & ~np.asarray(rim)] = greys["fat"]
    head[depth < fat + 2.5] = greys["skin"]
    head[depth < fat] = greys["fat"]
    head[depth < bone] = greys["bone"]
    middle, half = (gap + bone) / 2, (bone - gap) / 5
    head[np.abs(depth - middle) < half] = greys["marrow"]
    head[depth < gap] = greys["fluid"]
    return head


def _face(
    rng: np.random.Generator,
    head: NDArray[np.float32],
    inside: NDArray[np.bool_],
    greys: dict[str, float],
    mm: float,
) -> None:
    """Put in eyes, air cells and their mucosa, in place."""
    used = np.argwhere(inside)
    (z0, y0, x0), (_, _, x1) = used.min(0), used.max(0)
    z, y, x = np.ogrid[tuple(slice(0, n) for n in head.shape)]
    mx, level = (x0 + x1) / 2, z0 + rng.uniform(25, 40) / mm

    def ball(at: tuple[float, float, float], radius: float) -> NDArray[np.bool_]:
        far = sum((axis - c) ** 2 for axis, c in zip((z, y, x), at, strict=True))
        return np.asarray(far < (radius / mm) ** 2) & ~inside

    front = y0 + 8 / mm
    for side in (-1, 1):
        head[ball((level, front, mx + side * 32 / mm), rng.uniform(10, 13))] = greys["fluid"]
        cell = (level - 25 / mm, front + 12 / mm, mx + side * 25 / mm)
        head[ball(cell, 15)] = greys["mucosa"]
        head[ball(cell, rng.uniform(8, 14))] = 0.02
    for _ in range(3):
        place = (level - rng.uniform(0, 40) / mm, front + rng.uniform(5, 60) / mm, mx)
        head[ball(place, rng.uniform(6, 14))] = greys["mucosa"] if rng.random() < 0.5 else 0.02
