"""Read volumes and label maps from NIfTI, NRRD and MetaImage files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from napari_acs.errors import BadInput, lack_of_memory
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.itk_files import ONE_AT_A_TIME, itk_name
from napari_acs.imaging.metaimage import check_metaimage
from napari_acs.imaging.names import SUFFIXES
from napari_acs.imaging.nifti import check_nifti, not_finite
from napari_acs.imaging.stamp import stamp_of
from napari_acs.imaging.volume import Volume

StrPath = str | PathLike[str]

_READERS = {
    ".nii": "NiftiImageIO",
    ".nii.gz": "NiftiImageIO",
    ".nrrd": "NrrdImageIO",
    ".nhdr": "NrrdImageIO",
    ".mha": "MetaImageIO",
    ".mhd": "MetaImageIO",
}

_NO_MEMORY = ("allocate memory", "unable to allocate", "bad_alloc", "nifti_image_load failed")
"""What ITK says where memory runs out; the last of a file that `check_nifti` read to its end."""


def read_volume(path: StrPath) -> Volume:
    """Read one 3D image; the voxel type in the file is kept.

    Parameters
    ----------
    path : path
        ``.nii``, ``.nii.gz`` (NIfTI-1), ``.nrrd``, ``.nhdr``, ``.mha`` or ``.mhd``.

    Returns
    -------
    Volume
        Array (z, y, x) as in the file, scaled by the header's slope and intercept if it has
        them; grid as SimpleITK reads it, in LPS mm.

    Raises
    ------
    BadInput
        The file is missing, unreadable, truncated, not 3D, not of one real and finite number a
        voxel, or its spacing, origin or direction make no grid.
    """
    path = Path(fspath(path))
    with _refusing(path), ONE_AT_A_TIME:
        reader = _reader(path)
        stamp = stamp_of([path])
        grid = _grid(reader, path)
        array = sitk.GetArrayFromImage(reader.Execute())
    if array.dtype.kind == "f" and not np.isfinite(array.sum(dtype=np.float64)):
        odd = int(np.count_nonzero(~np.isfinite(array)))
        if odd:  # a sum of finite numbers may overflow
            raise not_finite(path.name, odd)
    return Volume(array, grid, path, stamp=stamp)


def read_grid(path: StrPath) -> Grid:
    """Read where a file's voxels are, and not their values; refuses as `read_volume` does."""
    path = Path(fspath(path))
    with _refusing(path), ONE_AT_A_TIME:
        return _grid(_reader(path), path)


def read_labels(path: StrPath) -> Volume:
    """Read a label map as uint8; see `read_volume`.

    Raises
    ------
    BadInput
        Also for voxels that are not whole numbers from 0 to 255.
    """
    volume = read_volume(path)
    array = volume.array
    with np.errstate(invalid="ignore"):
        labels = array.astype(np.uint8)
    if not np.array_equal(labels, array):
        raise BadInput(
            f"{Path(fspath(path)).name} is no label map",
            found=f"values from {array.min():g} to {array.max():g}, not all whole"
            if array.dtype.kind == "f"
            else f"values from {array.min()} to {array.max()}",
            expected="whole numbers from 0 to 255",
            do="Choose a segmentation, not an image or a probability map",
        )
    return Volume(labels, volume.grid, volume.source)


@contextmanager
def reading(path: Path) -> Iterator[sitk.ImageFileReader]:
    """Give SimpleITK's reader of a file; what goes wrong with it inside is refused in words."""
    with _refusing(path), ONE_AT_A_TIME:
        yield _reader(path)


def _reader(path: Path) -> sitk.ImageFileReader:
    suffix = next((s for s in SUFFIXES if path.name.lower().endswith(s)), None)
    if suffix is None:
        raise BadInput(
            f"{path.name} is no image file that can be read",
            expected=f"one of {', '.join(SUFFIXES)}",
        )
    if not path.is_file():
        raise BadInput(f"{path}", found="no such file", do="Check the path")
    reader = sitk.ImageFileReader()
    reader.SetFileName(itk_name(path))
    reader.SetImageIO(_READERS[suffix])
    # Before SimpleITK looks at the file: of some faults it says nothing, of others on stderr.
    if suffix in {".nii", ".nii.gz"}:
        check_nifti(path)
    elif suffix in {".mha", ".mhd"}:
        check_metaimage(path)
    return reader


def _grid(reader: sitk.ImageFileReader, path: Path) -> Grid:
    reader.ReadImageInformation()
    dimensions = reader.GetDimension()
    if dimensions != 3:
        raise BadInput(
            f"{path.name} is {dimensions}D",
            found=f"a size of {' x '.join(map(str, reader.GetSize()))}",
            expected="one 3D volume",
            do="Extract one volume, and open it alone"
            if dimensions > 3
            else "Choose the whole series, not a single slice",
        )
    kind = sitk.GetPixelIDValueAsString(reader.GetPixelID())
    if reader.GetNumberOfComponents() != 1 or "complex" in kind or "vector" in kind:
        raise BadInput(
            f"{path.name} is no grey-value image",
            found=f"voxels of type {kind}",
            expected="one real number in every voxel",
            do="Choose the MRI volume itself, not a colour, vector or complex image",
        )
    try:
        return Grid.from_image(reader)
    except ValueError as error:
        raise _bad_grid(path, str(error)) from error


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Turn what the file system and SimpleITK raise into a refusal; keep ITK off stderr."""
    warned = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        yield
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read", found=error.strerror or str(error)) from error
    except MemoryError as error:
        raise lack_of_memory(f"{path.name} cannot be read now") from error
    except RuntimeError as error:
        raise _unreadable(path, str(error)) from error
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(warned)


def _unreadable(path: Path, said: str) -> BadInput:
    """Say in plain words what SimpleITK said in C++."""
    if any(words in said.lower() for words in _NO_MEMORY):
        return lack_of_memory(f"{path.name} cannot be read now")
    if "orthonormal" in said or "Bad direction" in said:
        return _bad_grid(path, "voxel axes that are not perpendicular (a sheared grid)")
    if "spacing" in said:
        return _bad_grid(path, "a voxel spacing of zero or NaN")
    if "space vector" in said:
        return _bad_grid(path, "a spacing or an origin that is not a number")
    last = said.strip().splitlines()[-1].strip() if said.strip() else "no reason given"
    return BadInput(
        f"{path.name} cannot be read",
        found=f"a damaged, truncated or mislabelled file ({last})",
        expected="a complete image file",
        do="Copy or export the file again",
    )


def _bad_grid(path: Path, found: str) -> BadInput:
    return BadInput(
        f"{path.name} does not say where its voxels are",
        found=found,
        expected="positive spacing in mm and perpendicular voxel axes",
        do="Export the file again, or resample it to a regular grid",
    )
