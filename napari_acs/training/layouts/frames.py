"""The volumes of a 4D image, one of which is a sequence (MSD)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Volume
from napari_acs.imaging.read import reading


def read_frames(path: Path) -> tuple[Volume, ...]:
    """Read a 4D image as its volumes, in order; refuses as `imaging.read_volume` does.

    MONAI and nibabel would read it as well; this keeps one way into the package for voxels, whose
    checks see truncated files and NaN.

    Raises
    ------
    BadInput
        Also for an image that is not 4D.
    """
    with reading(path) as reader:
        grid = _grid(reader, path)
        arrays = sitk.GetArrayFromImage(reader.Execute())
    return tuple(Volume(array, grid, path) for array in arrays)


def read_frames_grid(path: Path) -> Grid:
    """Read where the voxels of a 4D image's volumes are; see `read_frames`."""
    with reading(path) as reader:
        return _grid(reader, path)


def count_frames(path: Path) -> int:
    """Return how many volumes a 4D image has; see `read_frames`."""
    with reading(path) as reader:
        _grid(reader, path)
        return int(reader.GetSize()[3])


def _grid(reader: sitk.ImageFileReader, path: Path) -> Grid:
    reader.ReadImageInformation()
    if reader.GetDimension() != 4:
        raise BadInput(
            f"{path.name} is {reader.GetDimension()}D",
            found=f"a size of {' x '.join(map(str, reader.GetSize()))}",
            expected="a 4D image, one volume a channel of dataset.json",
            do="Number the channels' files as nnU-Net does, if each has its own",
        )
    x, y, z = reader.GetSize()[:3]
    direction = np.reshape(reader.GetDirection(), (4, 4))[:3, :3]
    sx, sy, sz = reader.GetSpacing()[:3]
    ox, oy, oz = reader.GetOrigin()[:3]
    try:
        return Grid((x, y, z), (sx, sy, sz), (ox, oy, oz), tuple(direction.ravel().tolist()))
    except ValueError as error:
        raise BadInput(
            f"{path.name} does not say where its voxels are", found=str(error)
        ) from error
