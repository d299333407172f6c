"""The same head from another scanner: turned, cut, in thick slices, noisy, quantised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_acs.imaging import Volume
from napari_acs.imaging.brain import corner_value
from napari_acs.imaging.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray


def scanned_again(rng: np.random.Generator, volume: Volume) -> Volume:
    """Return a volume as another scanner and another hand might have made it.

    Parameters
    ----------
    rng : numpy.random.Generator
    volume : Volume
        A brain on one background value, or a head; in LPS order.

    Returns
    -------
    Volume
        Turned, cropped, of other spacing (which its grid knows, or seldom not), with a bias
        field, another gamma, blur, noise, fewer grey levels; or z-scored.
    """
    array = volume.array.astype(np.float32)
    air = np.float32(corner_value(array))
    spacing = np.array(volume.grid.spacing[::-1])
    # A head of thick slices would be torn by turning; it is only shifted in grey.
    if spacing.max() < 3 and rng.random() < 0.75:
        array = _turned(rng, array, float(air))
    inside = array != air
    array = _shaded(rng, array - air, inside)
    if rng.random() < 0.3:
        array = ndimage.gaussian_filter(array, rng.uniform(0.3, 1.5) / spacing)
    if spacing.max() < 3 and rng.random() < 0.4:
        array, spacing = _thick_slices(rng, array, spacing)
    array = _cropped(rng, array)
    array = _noisy(rng, array)
    if rng.random() < 0.3:
        array = _levels(rng, array)
    array = _mirrored(rng, array)
    if rng.random() < 0.1:
        spacing = spacing * rng.uniform((0.2, 0.7, 0.7), (1.3, 1.3, 1.3))
    if rng.random() < 0.15:
        array = _z_scored(array)
    return on_a_grid(np.ascontiguousarray(array, np.float32), spacing)


def on_a_grid(array: NDArray[np.float32], spacing: NDArray[np.float64]) -> Volume:
    """Return an array (z, y, x) as a volume with this spacing (z, y, x; mm), in LPS order."""
    z, y, x = array.shape
    sz, sy, sx = map(float, spacing)
    grid = Grid((x, y, z), (sx, sy, sz), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    return Volume(array, grid)


def smooth_field(
    rng: np.random.Generator, shape: tuple[int, ...], knots: int = 4
) -> NDArray[np.float32]:
    """Draw a smooth field of about unit spread, from ``knots`` random values along an axis."""
    field = rng.standard_normal((knots,) * 3).astype(np.float32)
    factors = [n / knots for n in shape]
    return np.asarray(
        ndimage.zoom(field, factors, order=1, mode="nearest", grid_mode=True), np.float32
    )


def _turned(
    rng: np.random.Generator, array: NDArray[np.float32], air: float
) -> NDArray[np.float32]:
    wide = rng.random() < 0.15
    az, ay, ax = np.deg2rad(rng.uniform(-1, 1, 3) * (35 if wide else 14))
    cz, sz, cy, sy, cx, sx = np.cos(az), np.sin(az), np.cos(ay), np.sin(ay), np.cos(ax), np.sin(ax)
    turn = (
        np.array([[1, 0, 0], [0, cz, -sz], [0, sz, cz]])
        @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        @ np.array([[cx, -sx, 0], [sx, cx, 0], [0, 0, 1]])
    )
    matrix = turn @ np.diag(rng.uniform(0.85, 1.12, 3))
    middle = (np.array(array.shape) - 1) / 2
    offset = middle - matrix @ middle + rng.uniform(-5, 5, 3)
    turned = ndimage.affine_transform(array, matrix, offset, order=1, cval=air)
    return np.asarray(turned, np.float32)


def _shaded(
    rng: np.random.Generator, above: NDArray[np.float32], inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Bend the grey values by a gamma and multiply them by a bias field; air stays 0."""
    top = float(np.percentile(above[inside], 99.5)) if inside.any() else 1.0
    if top <= 0:
        return above
    unit = np.clip(above / top, 0, 3)
    unit **= np.exp(rng.normal(0, 0.18))
    unit *= np.exp(rng.uniform(0, 0.25) * smooth_field(rng, above.shape))
    return np.asarray(unit * np.float32(10 ** rng.uniform(1.5, 3.5)))


def _thick_slices(
    rng: np.random.Generator, array: NDArray[np.float32], spacing: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    axis = int(rng.choice(3, p=(0.7, 0.15, 0.15)))
    count = max(1, round(rng.uniform(3, 7) / spacing[axis]))
    length = array.shape[axis] // count * count
    first = np.moveaxis(array, axis, 0)[:length]
    slices = first.reshape(-1, count, *first.shape[1:])
    thick = slices.mean(axis=1) if rng.random() < 0.7 else slices[:, 0]
    coarser = spacing.copy()
    coarser[axis] *= count
    return np.moveaxis(thick, 0, axis), coarser


def _cropped(rng: np.random.Generator, array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut off slabs, as where the field of view is too small."""
    slices = [slice(None)] * 3
    for axis, chance, most in ((0, 0.4, 0.35), (1, 0.15, 0.2), (2, 0.15, 0.2)):
        if rng.random() < chance:
            used = np.flatnonzero(np.abs(array).max(axis=tuple({0, 1, 2} - {axis})) > 0)
            if len(used) < 8:
                continue
            cut = int(rng.uniform(0.05, most) * len(used))
            low, high = int(used[0]), int(used[-1]) + 1
            below = rng.random() < 0.5
            slices[axis] = slice(low + cut, None) if below else slice(0, high - cut)
    return array[tuple(slices)]


def _noisy(rng: np.random.Generator, array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add Rician noise: everywhere to a head, within the brain where the rest is empty."""
    if rng.random() < 0.4:
        return array
    empty = array == 0
    sigma = rng.uniform(0.005, 0.06) * float(np.percentile(np.abs(array), 99))
    real, imaginary = rng.standard_normal((2, *array.shape), np.float32) * np.float32(sigma)
    noisy = np.hypot(array + real, imaginary)
    if empty.mean() > 0.3:
        noisy[empty] = 0
    return np.asarray(noisy, np.float32)


def _levels(rng: np.random.Generator, array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to 256 grey levels or fewer."""
    top = float(np.percentile(array, 99.9)) or 1.0
    levels = float(rng.choice((255, 255, 100, 50)))
    return np.asarray(np.rint(np.clip(array / top, 0, 1) * levels), np.float32)


def _mirrored(rng: np.random.Generator, array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn axes over that the header does not know of: often left and right, seldom others."""
    if rng.random() < 0.5:
        array = array[:, :, ::-1]
    if rng.random() < 0.08:
        array = array[::-1]
    if rng.random() < 0.08:
        array = array[:, ::-1]
    return array


def _z_scored(array: NDArray[np.float32]) -> NDArray[np.float32]:
    inside = array != 0
    values = array[inside]
    if not values.size or not values.std() > 0:
        return array
    scored = np.full_like(array, (values.min() - values.mean()) / values.std())
    scored[inside] = (values - values.mean()) / values.std()
    return scored
