"""Save a label map: the exact geometry, all or nothing, never silently over a file."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.encode import encode
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.read import read_grid, read_labels

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

WRITABLE = (".nii.gz", ".nii", ".nrrd", ".mha")
"""Formats of masks: one file each, so that saving is all or nothing."""


def write_labels(
    path: str | PathLike[str],
    labels_zyx: ArrayLike,
    grid: Grid,
    *,
    overwrite: bool = False,
    source: str | PathLike[str] | None = None,
) -> Path:
    """Save a label map with the size, spacing, origin and direction of ``grid``.

    The file is written beside the target, read back and compared voxel by voxel, and only then
    put in place in one step; whatever fails, the target is as it was.

    How exact the geometry is. MetaImage holds every number in full. With a ``source`` of the
    same format the header's geometry is carried over as it stands, so the mask reads back with
    the grid that the source has, bit for bit. Otherwise NIfTI holds geometry as float32 (measured:
    corners of a head move by up to 1e-4 mm), and NRRD holds spacing times direction, which gives
    them back to the last bit or the one before (2e-16). A file that would read back further off
    than `Grid.difference` allows is refused.

    Parameters
    ----------
    path : path
        ``.nii.gz``, ``.nii``, ``.nrrd`` or ``.mha``.
    labels_zyx : array of integers, shape (z, y, x)
        Labels 0-255; saved as uint8.
    grid : Grid
        Where the labels are: as a rule that of the study.
    overwrite : bool
        Whether an existing file may be replaced.
    source : path, optional
        The file that ``grid`` was read from. It may have gone since, or be of another format.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    BadInput
        An unknown format, a missing folder, an existing or unwritable target, labels that are
        no whole numbers from 0 to 255, a shape or a ``source`` that does not fit ``grid``, or a
        format that cannot hold the grid.
    """
    path = Path(fspath(path))
    suffix = _check_target(path, overwrite)
    labels = _check_labels(labels_zyx, grid, path)
    usable = _usable_source(Path(fspath(source)), grid) if source is not None else None
    draft = path.with_name(f".{uuid.uuid4().hex}{suffix}")
    try:
        encode(draft, labels, grid, usable)
        _check_written(draft, path, labels, grid)
        _put_in_place(draft, path, overwrite)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else ""
        raise BadInput(
            f"{path} cannot be written",
            found=reason or f"an error ({str(error).strip().splitlines()[-1]})",
            expected="a folder that files can be saved in",
            do="Choose another folder, or free some space; nothing was changed",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return path


def _check_target(path: Path, overwrite: bool) -> str:
    suffix = next((s for s in WRITABLE if path.name.lower().endswith(s)), None)
    if suffix is None:
        raise BadInput(
            f"{path.name} is no format for masks",
            expected=f"a name that ends in {', '.join(WRITABLE)}",
            do="Choose one of these formats",
        )
    if not path.parent.is_dir():
        raise BadInput(
            f"{path} cannot be written",
            found=f"no folder {path.parent}",
            do="Create the folder first, or choose another",
        )
    if path.is_dir():
        raise BadInput(f"{path} is a folder", expected="the name of a file", do="Choose a name")
    if os.path.lexists(path) and not overwrite:
        raise _exists(path)
    return suffix


def _exists(path: Path) -> BadInput:
    return BadInput(
        f"{path} is there already",
        expected="a new file",
        do="Choose another name, or allow it to be replaced; nothing was changed",
    )


def _check_labels(labels_zyx: ArrayLike, grid: Grid, path: Path) -> NDArray[np.uint8]:
    labels = np.asarray(labels_zyx)
    if labels.shape != grid.shape:
        raise BadInput(
            f"the mask does not fit its study ({path.name} is not saved)",
            found=f"an array of shape {labels.shape}",
            expected=f"{grid.shape} (z, y, x)",
        )
    if labels.dtype.kind not in "iub":
        raise BadInput(
            f"the mask holds no labels ({path.name} is not saved)",
            found=f"voxels of type {labels.dtype}",
            expected="whole numbers",
        )
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high > 255:
        raise BadInput(
            f"the mask's labels do not fit a mask file ({path.name} is not saved)",
            found=f"values from {low} to {high}",
            expected="0 to 255",
            do="Renumber the labels",
        )
    return np.ascontiguousarray(labels, np.uint8)


def _usable_source(source: Path, grid: Grid) -> Path | None:
    """Return the source if its header may be carried over, that is if it says ``grid``."""
    if not source.is_file():
        return None
    difference = read_grid(source).difference(grid)
    if difference:
        raise BadInput(
            f"the mask is not on the grid of {source.name}",
            found=difference,
            expected="a mask on the grid of the image it belongs to",
            do="Save it without that image, or choose the image that it was drawn on",
        )
    return source


def _check_written(draft: Path, path: Path, labels: NDArray[np.uint8], grid: Grid) -> None:
    back = read_labels(draft)
    difference = back.grid.difference(grid)
    if difference or not np.array_equal(back.array, labels):
        raise BadInput(
            f"{path.name} would not read back as the mask that was to be saved",
            found=difference or "voxels that differ",
            expected="the same labels in the same place",
            do="Save as .mha, which holds every grid exactly; nothing was changed",
        )


def _put_in_place(draft: Path, path: Path, overwrite: bool) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    if overwrite:
        if path.exists():
            shutil.copymode(path, draft)
        draft.replace(path)
        return
    try:
        # Unlike a rename, a link fails where another program has made the file meanwhile.
        path.hardlink_to(draft)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise _exists(path) from None
        draft.replace(path)
