"""Heads whose place is known: the phantom on coarse grids, moved by its header alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from napari_acs.imaging import Grid, Volume, sample_study


def coarse_phantom(step=2):
    """Return the phantom's sequences with every second voxel left out, as they lie."""
    volumes = {}
    for name, volume in sample_study().sequences.items():
        array = np.ascontiguousarray(volume.array[::step, ::step, ::step])
        grid = replace(
            volume.grid,
            size=array.shape[::-1],
            spacing=tuple(s * step for s in volume.grid.spacing),
        )
        volumes[name] = Volume(array, grid, volume.source)
    return volumes


def rigid(centre, shift_mm=(0.0, 0.0, 0.0), turn_deg=(0.0, 0.0, 0.0)):
    """Return the 4x4 matrix that turns about a centre, then shifts."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(np.radians(turn_deg)).as_matrix()
    matrix[:3, 3] = np.asarray(centre) + shift_mm - matrix[:3, :3] @ centre
    return matrix


def placed(volume, matrix):
    """Put a volume elsewhere: what was at p is at ``matrix @ p``; voxels are untouched."""
    affine = matrix @ volume.grid.affine
    direction = affine[:3, :3] / np.asarray(volume.grid.spacing)
    grid = Grid(volume.grid.size, volume.grid.spacing, affine[:3, 3], tuple(direction.ravel()))
    return replace(volume, grid=grid)


def middle(volume):
    return volume.grid.corners().mean(axis=0)


def head_of(volume):
    """Return points of the head, (n, 3) in LPS mm, worked out with `Grid.index_to_point`."""
    return volume.grid.index_to_point(np.argwhere(volume.array > 0)[::50, ::-1])


def through(points, matrix):
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def error_mm(found, truth, points):
    away = through(points, found) - through(points, truth)
    return float(np.linalg.norm(away, axis=1).mean())
