"""Distances to a mask in mm on anisotropic grids, in two dimensions or three."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def squared_distance(mask: NDArray[np.bool_], spacing: Sequence[float]) -> NDArray[np.float32]:
    """Return the squared distance of every voxel to the nearest one of a mask, centre to centre.

    Exact up to float32 (Maurer, Qi & Raghavan, IEEE TPAMI 25(2), 2003; SimpleITK's, which is
    faster than scipy's and has several threads).

    Parameters
    ----------
    mask : ndarray of bool, 2D or 3D
    spacing : sequence of float
        Voxel size along the same axes, in mm.

    Returns
    -------
    ndarray of float32
        mm squared: 0 in the mask, infinite where the mask is empty.
    """
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    if mask.all():  # ITK makes no sense there
        return np.zeros(mask.shape, np.float32)
    import SimpleITK as sitk  # brushes need none of it

    image = sitk.GetImageFromArray(np.ascontiguousarray(mask).view(np.uint8))
    image.SetSpacing([float(side) for side in reversed(spacing)])
    found = sitk.SignedMaurerDistanceMap(image, False, True, True)
    squared: NDArray[np.float32] = np.maximum(sitk.GetArrayViewFromImage(found), 0)  # below 0 in it
    return squared


def signed_distance(
    mask: NDArray[np.bool_],
    spacing: Sequence[float],
    limit: float = np.inf,
    *,
    inner: tuple[slice, ...] = (),
) -> NDArray[np.float32]:
    """Return distances in mm to the outline of a mask: above 0 inside, below 0 outside.

    The distance to the nearest voxel outside less that to the nearest inside. So a mask and its
    complement have the same distances but for the sign, and none is 0.

    Parameters
    ----------
    mask : ndarray of bool, 2D or 3D
    spacing : sequence of float
        Voxel size along the same axes, in mm.
    limit : float
        In mm; longer distances are cut off there.
    inner : tuple of slice
        A box that holds the mask and a voxel round it, where there is one: what lies inside is
        looked at there alone, as the nearest voxel outside is in it. Left out: everywhere.

    Returns
    -------
    ndarray of float32
    """
    # In place: on a large mask new memory takes longer than the arithmetic.
    signed = squared_distance(mask, spacing)
    np.negative(np.sqrt(signed, out=signed), out=signed)
    inside = squared_distance(~mask[inner], spacing)
    signed[inner] += np.sqrt(inside, out=inside)
    found: NDArray[np.float32] = np.clip(signed, -limit, limit, out=signed)
    return found
