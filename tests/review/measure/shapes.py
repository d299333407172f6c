"""Masks whose measures are known, drawn by world position on any grid."""

from __future__ import annotations

import itertools

import numpy as np
from imaging.geometries import ORIENTATIONS
from scipy.ndimage import gaussian_filter

from napari_acs.imaging import Grid

TURNS = list(
    itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3))
)
"""The 48 ways to permute and flip the axes of an array."""


def grid_about(centre, spacing, half_mm, turn, orientation=ORIENTATIONS[0]):
    """Return a grid, turned by a rotation matrix, that reaches ``half_mm`` from a centre."""
    size = tuple(int(np.ceil(2 * half_mm / s)) + 2 for s in spacing)
    direction = turn @ orientation
    middle = direction @ ((np.array(size) - 1) / 2 * spacing)
    return Grid(size, spacing, tuple(np.asarray(centre) - middle), tuple(direction.ravel()))


def points_of(grid):
    """Return every voxel centre, (z, y, x, 3) in LPS mm."""
    z, y, x = np.indices(grid.shape)
    return grid.index_to_point(np.stack([x, y, z], -1).reshape(-1, 3)).reshape(*grid.shape, 3)


def ellipsoid(grid, centre, radii, axes=None):
    """Return the voxels whose centre is in an ellipsoid; ``axes`` are its axes, one a column."""
    axes = np.eye(3) if axes is None else axes
    return (((points_of(grid) - centre) @ axes / radii) ** 2).sum(-1) <= 1


def blob(seed, shape, level=0.8, sigma=1.5):
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=shape), sigma)
    return noise > level * noise.std()


def labels(seed, shape, level=0.6, sigma=1.5):
    """Return a ragged mask of labels 0 to 3, nested as those of a tumour."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=shape), sigma)
    noise /= noise.std()
    steps = [noise > level + 1, noise > level + 0.5, noise > level]
    return np.select(steps, [1, 3, 2], 0).astype(np.uint8)


def turned(array, grid, order, signs):
    """Return an array with its axes (z, y, x) permuted and flipped, and the matching grid."""
    moved = array.transpose(order)[tuple(slice(None, None, s) for s in signs)]
    # For index axis i (x, y, z) of the new array: the axis of the old one, and its sense.
    axes = [2 - order[2 - i] for i in range(3)]
    senses = [signs[2 - i] for i in range(3)]
    cosines = np.reshape(grid.direction, (3, 3))
    start = np.zeros(3)
    for axis, sense in zip(axes, senses, strict=True):
        start[axis] = grid.size[axis] - 1 if sense < 0 else 0
    direction = np.stack([cosines[:, a] * s for a, s in zip(axes, senses, strict=True)], axis=1)
    return moved, Grid(
        tuple(grid.size[a] for a in axes),
        tuple(grid.spacing[a] for a in axes),
        tuple(grid.index_to_point([start])[0]),
        tuple(direction.ravel()),
    )
