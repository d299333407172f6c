"""Write a volume as a file that holds voxels and a grid, and nothing of the patient."""

from __future__ import annotations

import gzip
import zlib
from os import fspath
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from napari_acs.errors import Unwritable
from napari_acs.imaging.itk_files import ONE_AT_A_TIME, itk_name
from napari_acs.imaging.read import StrPath
from napari_acs.imaging.volume import Volume

_HEADER = 352
"""Bytes before the voxels."""
_AT_ONCE = 2**22


def write_anonymous(path: StrPath, volume: Volume) -> Path:
    """Write a volume as a new ``.nii.gz``; no text of its source's header is carried over.

    NIfTI holds geometry as float32; corners of a head move by up to 1e-4 mm.

    Raises
    ------
    Unwritable
        The file cannot be written, or breaks off: ITK says nothing of a disk that is full.
    """
    path = Path(fspath(path))
    image = sitk.GetImageFromArray(np.ascontiguousarray(volume.array))
    image.SetSpacing(volume.grid.spacing)
    image.SetOrigin(volume.grid.origin)
    image.SetDirection(volume.grid.direction)
    try:
        with ONE_AT_A_TIME:
            sitk.WriteImage(image, itk_name(path), True)
    except RuntimeError as error:
        raise _unwritable(path, str(error).strip().splitlines()[-1]) from error
    if _length(path) < _HEADER + volume.array.nbytes:
        raise _unwritable(path, "a file that breaks off, as on a full disk")
    return path


def _length(path: Path) -> int:
    """Return how many bytes can be read out of a packed file."""
    length = 0
    try:
        with gzip.open(path) as stream:
            while some := stream.read(_AT_ONCE):
                length += len(some)
    except (OSError, EOFError, zlib.error):
        pass
    return length


def _unwritable(path: Path, found: str) -> Unwritable:
    return Unwritable(
        f"{path} cannot be written",
        found=found,
        do="Choose a folder that you may write to and that has space",
    )
