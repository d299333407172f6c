"""Smoothing and interpolation along the axes of a grid, one matrix an axis, as SimpleITK does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid


def axis_matrices(
    grid: Grid, target: Grid, variance: Sequence[float]
) -> tuple[NDArray[np.float32], ...]:
    """Return the matrices that smooth and interpolate along z, y, x, from ``grid`` to ``target``.

    They are what SimpleITK's ``DiscreteGaussian`` and ``Resample`` make of unit vectors, so its
    kernel, its borders and its rule for what lies outside are theirs. Only the target's voxels are
    computed, which is an eighth of them where every axis gets twice as coarse.

    Parameters
    ----------
    grid, target : Grid
        With the same directions.
    variance : sequence of float
        Of the Gaussian along x, y, z, in voxels of ``grid`` squared; 0 for none.

    Returns
    -------
    tuple of ndarray of float32, shape (length, target length)
    """
    first = grid.point_to_index([target.origin])[0].tolist()
    steps = [new / old for new, old in zip(target.spacing, grid.spacing, strict=True)]
    axes = zip(grid.size, target.size, first, steps, variance, strict=True)
    x, y, z = (_matrix(*axis) for axis in axes)
    return z, y, x


def _matrix(
    length: int, target: int, first: float, step: float, variance: float
) -> NDArray[np.float32]:
    units = sitk.GetImageFromArray(np.eye(length, dtype=np.float32))
    if variance:
        units = sitk.DiscreteGaussian(units, [variance, 0.0], 32, 0.01, False)
    made = sitk.Resample(
        units, (target, length), sitk.Transform(2, sitk.sitkIdentity), sitk.sitkLinear,
        (first, 0.0), (step, 1.0), (1.0, 0.0, 0.0, 1.0), 0.0, sitk.sitkFloat32,
    )  # fmt: skip
    return sitk.GetArrayFromImage(made)


def along_axes(
    array: NDArray[np.float32], matrices: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Apply the matrices of z, y, x to an array (z, y, x)."""
    z, y, x = matrices
    made = np.matmul(y.T, np.matmul(array, x))
    slab: NDArray[np.float32] = z.T @ made.reshape(len(made), -1)
    return slab.reshape(-1, *made.shape[1:])
