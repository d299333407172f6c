"""Save a label map: the exact geometry, all or nothing, never silently over a file."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput, Unwritable
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.itk_files import itk_name
from napari_acs.imaging.labels.encode import encode
from napari_acs.imaging.labels.proof import Proof, prove, unproven
from napari_acs.imaging.labels.reread import KINDS, reread
from napari_acs.imaging.labels.segments import (
    UNSPECIFIED,
    Maker,
    SegmentName,
    label_values,
    name_segments,
)
from napari_acs.imaging.labels.source import is_image_file
from napari_acs.imaging.labels.target import check_target, put_in_place
from napari_acs.imaging.read import read_grid

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_acs.imaging.dicom.origin import DicomOrigin


def write_labels(
    path: str | PathLike[str],
    labels_zyx: ArrayLike,
    grid: Grid,
    *,
    overwrite: bool = False,
    source: str | PathLike[str] | None = None,
) -> Path:
    """Save a label map as `save_labels` does, and return the path that was written."""
    return save_labels(path, labels_zyx, grid, overwrite=overwrite, source=source).file


def save_labels(
    path: str | PathLike[str],
    labels_zyx: ArrayLike,
    grid: Grid,
    *,
    overwrite: bool = False,
    source: str | PathLike[str] | None = None,
    segments: Sequence[SegmentName] = (),
    dicom: DicomOrigin | None = None,
    maker: Maker = UNSPECIFIED,
) -> Proof:
    """Save a label map with the size, spacing, origin and direction of ``grid``, and prove it.

    The file is written beside the target, reread, and compared: grid, every voxel, and by a
    second way (`Proof.how`) the centroid and volume of every label. Only then it is put in place
    in one step; whatever fails, the target is as it was.

    How exact the geometry is. MetaImage holds every number in full. With a ``source`` of the
    same format the header's geometry is carried over as it stands, so the mask reads back with
    the grid that the source has, bit for bit. Otherwise NIfTI holds geometry as float32 (measured:
    corners of a head move by up to 1e-4 mm), and NRRD holds spacing times direction, which gives
    them back to the last bit or the one before (2e-16). DICOM refers to the series' own images.
    A file that would read back further off than `Grid.difference` allows is refused.

    Parameters
    ----------
    path : path
        ``.nii.gz``, ``.nii``, ``.nrrd``, ``.seg.nrrd`` (3D Slicer), ``.mha``, ``.dcm`` (DICOM
        SEG) or ``.rtstruct.dcm`` (DICOM RT structure set).
    labels_zyx : array of integers, shape (z, y, x)
        Labels 0-255; saved as uint8.
    grid : Grid
        Where the labels are: as a rule that of the study.
    overwrite : bool
        Whether an existing file may be replaced.
    source : path, optional
        The file that ``grid`` was read from. It may have gone since, or be of another format.
    segments : sequence of SegmentName
        Names and colours; NRRD and DICOM hold them, the other formats have no place for them.
    dicom : DicomOrigin, optional
        The series that ``grid`` was read from; DICOM formats need it.
    maker : Maker
        What drew the mask; recorded in DICOM.

    Returns
    -------
    Proof
        Of the file that was written.

    Raises
    ------
    BadInput
        An unknown format, a missing folder, an existing or unwritable target, labels that are
        no whole numbers from 0 to 255, a shape, a ``source`` or a series that does not fit
        ``grid``, a format that cannot hold the grid, or a DICOM format without a series, without
        labels, or (SEG) without highdicom.
    """
    path = Path(fspath(path))
    suffix = check_target(path, KINDS, overwrite)
    itk_name(path)  # refuses it now: later the name would be the draft's
    labels = _check_labels(labels_zyx, grid, path)
    named = name_segments((segment.value for segment in segments), segments)
    usable = _usable_source(Path(fspath(source)), grid) if source is not None else None
    draft = path.with_name(f".{uuid.uuid4().hex}{suffix}")
    try:
        if suffix.endswith(".dcm"):
            from napari_acs.imaging.dicom.masks import write_mask  # noqa: PLC0415 (loads pydicom)

            write_mask(draft, labels, grid, dicom, named, maker)
        else:
            if named or suffix == ".seg.nrrd":  # 3D Slicer drops labels that no segment names
                values = [*label_values(labels), *(segment.value for segment in named)]
                named = name_segments(values, named)
            encode(draft, labels, grid, usable, named)
        proof = _prove(draft, path, suffix, labels, grid)
        put_in_place(draft, path, overwrite)
    except BadInput as refusal:
        if draft.name.split(".")[1] not in refusal.what:
            raise
        # what was just written breaks off: the name is nobody's, and "export it again" no help
        raise Unwritable(
            f"{path} cannot be written",
            found="a file that breaks off, as on a full disk",
            expected="a folder that files can be saved in",
            do="Choose another folder, or free some space; nothing was changed",
        ) from refusal
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else ""
        raise Unwritable(
            f"{path} cannot be written",
            found=reason or f"an error ({str(error).strip().splitlines()[-1]})",
            expected="a folder that files can be saved in",
            do="Choose another folder, or free some space; nothing was changed",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return proof


def _prove(draft: Path, path: Path, suffix: str, labels: NDArray[np.uint8], grid: Grid) -> Proof:
    advice = "Save as .mha, which holds every grid exactly; nothing was changed"
    if suffix.endswith(".dcm"):
        advice = "Save as NIfTI or NRRD; nothing was changed"
    try:
        found = reread(draft, suffix, grid)
    except (KeyError, ValueError) as error:
        # A refusal names the draft, which nobody has heard of; the others are a broken header.
        found_there = error.found if isinstance(error, BadInput) else ""
        raise unproven(path, found_there or "a file that cannot be read", advice) from error
    return prove(path, KINDS[suffix], labels, grid, found, advice)


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
    if not is_image_file(source):
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
