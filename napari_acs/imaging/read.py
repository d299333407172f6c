"""Read volumes, label maps and studies from NIfTI, NRRD and MetaImage files."""

# mypy: untyped-calls-exclude=SimpleITK
from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813

from napari_acs.errors import BadInput
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.names import (
    SEQUENCES,
    SUFFIXES,
    TITLES,
    guess_sequence,
    is_image_name,
    is_mask_name,
    strip_suffix,
)
from napari_acs.imaging.nifti import check_nifti
from napari_acs.imaging.study import Study
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
        The file is missing, unreadable, truncated, not 3D, not of one real number a voxel, or
        its spacing, origin or direction make no grid.
    """
    path = Path(fspath(path))
    image = _read_image(path)
    if image.GetDimension() != 3:
        size = " x ".join(map(str, image.GetSize()))
        raise BadInput(
            f"{path.name} is {image.GetDimension()}D",
            found=f"a size of {size}",
            expected="one 3D volume",
            do="Extract one volume, and open it alone"
            if image.GetDimension() > 3
            else "Choose the whole series, not a single slice",
        )
    kind = image.GetPixelIDTypeAsString()
    if image.GetNumberOfComponentsPerPixel() != 1 or "complex" in kind:
        raise BadInput(
            f"{path.name} is no grey-value image",
            found=f"voxels of {image.GetNumberOfComponentsPerPixel()} values ({kind})",
            expected="one real number in every voxel",
            do="Choose the MRI volume itself, not a colour, vector or complex image",
        )
    try:
        grid = Grid.from_image(image)
    except ValueError as error:
        raise _bad_grid(path, str(error)) from error
    return Volume(sitk.GetArrayFromImage(image), grid, path)


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


def read_study(
    path_or_paths: StrPath | Iterable[StrPath] | Mapping[str, StrPath], name: str | None = None
) -> Study:
    """Open a study: a folder, files, or a mapping of sequence to file.

    Parameters
    ----------
    path_or_paths : path, iterable of path, or mapping of str to path
        Sequences of a folder and of plain files are told by their names (`guess_sequence`);
        a mapping has keys among ``t1``, ``t1ce``, ``t2``, ``flair``.
    name : str, optional
        By default the folder's name, or the file's.

    Raises
    ------
    BadInput
        No sequence found, two files for one sequence, a file that `read_volume` refuses, or
        volumes that make no `Study`.
    """
    if isinstance(path_or_paths, Mapping):
        files = {key: Path(fspath(path)) for key, path in path_or_paths.items()}
    elif isinstance(path_or_paths, str | PathLike):
        path = Path(fspath(path_or_paths))
        files = {_sure_sequence(path): path} if path.is_file() else find_sequences(path)
        name = name or (strip_suffix(path.name) if path.is_file() else path.resolve().name)
    else:
        files = {}
        for path in (Path(fspath(p)) for p in path_or_paths):
            _add(files, _sure_sequence(path), path)
    for key in files:
        if key not in SEQUENCES:
            raise BadInput(f"no sequence is called {key!r}", expected=", ".join(SEQUENCES))
    if name is None:
        name = next((path.resolve().parent.name for path in files.values()), "study")
    return Study(name, {key: read_volume(files[key]) for key in SEQUENCES if key in files})


def find_sequences(folder: StrPath) -> dict[str, Path]:
    """Find a study's sequences among the files of a folder (not of its subfolders).

    Masks and images whose names say nothing are left out.

    Raises
    ------
    BadInput
        The folder is missing or holds no sequence, or two files claim the same one.
    """
    folder = Path(fspath(folder))
    if not folder.is_dir():
        raise BadInput(
            f"{folder}",
            found="no such file or folder",
            expected="a folder with a study's sequences",
            do="Check the path",
        )
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise BadInput(f"{folder} cannot be read", found=error.strerror or str(error)) from error
    images = [entry for entry in entries if entry.is_file() and is_image_name(entry.name)]
    files: dict[str, Path] = {}
    for path in images:
        key = guess_sequence(path.name)
        if key:
            _add(files, key, path)
    if not files:
        raise _no_sequence(folder, images, entries)
    return {key: files[key] for key in SEQUENCES if key in files}


def _add(files: dict[str, Path], key: str, path: Path) -> None:
    if key in files:
        raise BadInput(
            f"{files[key].name} and {path.name} both look like {TITLES[key]}",
            expected="one file for each sequence",
            do="Say which file is which sequence, or remove one from the study",
        )
    files[key] = path


def _sure_sequence(path: Path) -> str:
    key = guess_sequence(path.name)
    if key is None:
        raise BadInput(
            f"{path.name}: its name does not say which sequence it is",
            found="the name of a mask" if is_mask_name(path.name) else "",
            expected="a name with t1, t1ce, t2 or flair in it",
            do="Say which sequence it is",
        )
    return key


def _no_sequence(folder: Path, images: list[Path], entries: list[Path]) -> BadInput:
    studies = [e.name for e in entries if e.is_dir() and any(map(_is_sequence, e.iterdir()))]
    if images:
        masks = all(is_mask_name(path.name) for path in images)
        found = f"only {'masks' if masks else 'files whose names say no sequence'} "
        found += f"({', '.join(path.name for path in images[:4])})"
        do = "Add the MRI sequences" if masks else "Say which file is which sequence"
    elif studies:
        found = f"studies in its subfolders ({', '.join(studies[:4])})"
        do = "Choose one of them"
    elif any(entry.suffix.lower() in {".dcm", ".ima"} for entry in entries):
        found = "DICOM files"
        do = "Convert them first, with dcm2niix for example"
    else:
        found = "an empty folder" if not entries else "no image file"
        do = f"Choose a folder with {', '.join(SUFFIXES)} files"
    return BadInput(
        f"{folder} holds no MRI sequence",
        found=found,
        expected="files named by their sequence (t1, t1ce, t2, flair)",
        do=do,
    )


def _is_sequence(path: Path) -> bool:
    return path.is_file() and is_image_name(path.name) and guess_sequence(path.name) is not None


def _read_image(path: Path) -> Any:
    suffix = next((s for s in SUFFIXES if path.name.lower().endswith(s)), None)
    if suffix is None:
        raise BadInput(
            f"{path.name} is no image file that can be read",
            expected=f"one of {', '.join(SUFFIXES)}",
        )
    if not path.is_file():
        raise BadInput(f"{path}", found="no such file", do="Check the path")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(_READERS[suffix])
    try:
        if suffix.startswith(".nii"):
            check_nifti(path)
        return reader.Execute()
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read", found=error.strerror or str(error)) from error
    except RuntimeError as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, said: str) -> BadInput:
    """Say in plain words what SimpleITK said in C++."""
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
