"""Put labels that lie on one grid onto another by world position, where no voxel is resampled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.volume import Volume

if TYPE_CHECKING:
    from napari_acs.imaging.grid import Grid

_OFF = 0.05
"""A voxel centre may be this part of a voxel off the other grid's; headers round."""


def onto_grid(volume: Volume, grid: Grid, name: str) -> Volume:
    """Return the same labels on another grid: cropped, padded, flipped or with axes swapped.

    Every voxel stays where it is in the patient. Files of 3D Slicer are often cropped to the
    labels, DICOM segmentations lack empty slices, and axes may run in another order.

    Parameters
    ----------
    volume : Volume
        Labels.
    grid : Grid
        Where they are wanted.
    name : str
        Of the file, for refusals.

    Raises
    ------
    BadInput
        The grids do not share their voxel centres, or a label lies outside ``grid``.
    """
    if volume.grid.difference(grid) is None:
        return Volume(volume.array, grid, volume.source, volume.dicom, volume.history)
    exact = np.linalg.inv(grid.affine) @ volume.grid.affine
    turn = np.rint(exact[:3, :3]).astype(int)
    permutes = (np.abs(turn).sum(axis=0) == 1).all() and (np.abs(turn).sum(axis=1) == 1).all()
    shift = np.rint(exact[:3, 3]).astype(int)
    at = volume.grid.point_to_index(volume.grid.corners())  # the corners' indices, x y z
    off = np.abs(at @ (exact[:3, :3] - turn).T + exact[:3, 3] - shift).max()
    if not permutes or off > _OFF:
        raise BadInput(
            f"{name} does not lie on the study's voxels",
            found=volume.grid.difference(grid) or "voxels between those of the study",
            expected="a mask on the study's grid, or a crop of it",
            do="Choose the image that it was drawn on, or resample the mask to the study first",
        )
    source = np.argwhere(volume.array)[:, ::-1]
    target = source @ turn.T + shift
    if len(target) and ((target < 0) | (target >= grid.size)).any():
        outside = int(((target < 0) | (target >= grid.size)).any(axis=1).sum())
        raise BadInput(
            f"{name} reaches beyond the study",
            found=f"{outside} labelled voxel(s) outside its grid",
            expected="labels within the image",
            do="Choose the image that it was drawn on",
        )
    array = np.zeros(grid.shape, volume.array.dtype)
    array[tuple(target[:, ::-1].T)] = volume.array[tuple(source[:, ::-1].T)]
    return Volume(array, grid, volume.source, volume.dicom, volume.history)
