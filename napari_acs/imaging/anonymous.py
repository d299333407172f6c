"""Write a volume as a file that holds voxels and a grid, and nothing of the patient."""

from __future__ import annotations

from os import fspath
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from napari_acs.errors import BadInput
from napari_acs.imaging.itk_files import ONE_AT_A_TIME, itk_name
from napari_acs.imaging.read import StrPath
from napari_acs.imaging.volume import Volume


def write_anonymous(path: StrPath, volume: Volume) -> Path:
    """Write a volume as a new ``.nii.gz``; no text of its source's header is carried over.

    NIfTI holds geometry as float32; corners of a head move by up to 1e-4 mm.

    Raises
    ------
    BadInput
        The file cannot be written.
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
        raise BadInput(
            f"{path} cannot be written",
            found=str(error).strip().splitlines()[-1],
            do="Choose a folder that you may write to and that has space",
        ) from error
    return path
