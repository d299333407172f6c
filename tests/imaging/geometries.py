"""Grids, files and studies to try the imaging room on."""

from __future__ import annotations

import itertools

import numpy as np
import SimpleITK as sitk
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from napari_acs.imaging import Grid, Study, Volume

ORIENTATIONS = [
    np.eye(3)[list(order)] * np.array(signs)
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1.0, -1.0), repeat=3)
]
"""The 48 ways in which three array axes can run along the patient's, flips included."""

FORMATS = (".nii.gz", ".nii", ".nrrd", ".mha")

lengths = st.floats(0.3, 7.0)
spacings = st.tuples(lengths, lengths, lengths)
# Rounded, so as not to try numbers near 1e-308, which MetaImage's text does not hold.
positions = st.floats(-250, 250).map(lambda mm: round(mm, 7))
origins = st.tuples(positions, positions, positions)
# From no tilt over tilts that float32 quaternions round badly to steep ones (below 45 degrees).
_angles = st.floats(-0.4, 0.4).map(lambda radian: round(radian, 9))
tilts = st.tuples(*[st.sampled_from([0.0, 1e-5, 1e-3]) | _angles] * 3)


def make_grid(
    orientation=ORIENTATIONS[0],
    spacing=(1.0, 1.0, 1.0),
    origin=(0.0, 0.0, 0.0),
    tilt=(0.0, 0.0, 0.0),
    size=(6, 5, 4),
) -> Grid:
    direction = Rotation.from_rotvec(tilt).as_matrix() @ orientation
    return Grid(size, spacing, origin, tuple(direction.ravel()))


def to_image(array: np.ndarray, grid: Grid) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    return image


def save(path, array, grid=None):
    """Write an array with SimpleITK alone: the oracle for our reading and writing."""
    grid = grid or make_grid(size=array.shape[::-1])
    sitk.WriteImage(to_image(array, grid), str(path))
    return path


def noise(shape=(4, 5, 6), seed=0, dtype=np.int16):
    return np.random.default_rng(seed).integers(1, 1000, shape).astype(dtype)


def smooth_volume(grid: Grid, seed=0, radius=0.35) -> np.ndarray:
    """Draw a bright ellipsoid with a gradient on an empty background, by world position."""
    index = np.stack(np.meshgrid(*map(np.arange, grid.size), indexing="ij"), axis=-1)
    points = grid.index_to_point(index.reshape(-1, 3))
    corners = grid.corners()
    centre = corners.mean(axis=0)
    extent = np.linalg.norm(corners - centre, axis=1).min()
    offset = points - centre - np.array([2.0, -1.0, 1.5]) * (seed + 1)
    inside = np.linalg.norm(offset, axis=1) < radius * extent
    values = np.where(inside, 500 + offset @ np.array([3.0, 5.0, -4.0]), 0)
    return values.reshape(grid.size).T.astype(np.float32)


def make_study(grid: Grid, names=("t1", "flair")) -> Study:
    return Study(
        "test",
        {name: Volume(smooth_volume(grid, i), grid) for i, name in enumerate(names)},
    )
