"""Reread a mask file that was just written, by two ways, for the proof of its save."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging.labels.measure import measure
from napari_acs.imaging.labels.proof import Reread
from napari_acs.imaging.labels.rawgrid import raw_affines
from napari_acs.imaging.read import read_labels

if TYPE_CHECKING:
    from napari_acs.imaging.grid import Grid

KINDS = {
    ".nii.gz": "NIfTI",
    ".nii": "NIfTI",
    ".seg.nrrd": "NRRD",
    ".nrrd": "NRRD",
    ".mha": "MetaImage",
    ".rtstruct.dcm": "DICOM RTSTRUCT",
    ".dcm": "DICOM SEG",
}
"""Formats of masks by suffix; a longer suffix stands before the one that it ends in."""


def reread(path: Path, suffix: str, grid: Grid) -> Reread:
    """Read a mask file as a user will, and measure its labels by another way.

    Parameters
    ----------
    path : Path
    suffix : str
        One of `KINDS`.
    grid : Grid
        Where the labels should be. DICOM segmentations lack empty slices, and structure sets
        have no grid at all; both are put on this one by their positions in the patient.

    Raises
    ------
    BadInput, OSError
        The file cannot be read.
    """
    if suffix.endswith(".dcm"):
        from napari_acs.imaging.dicom.masks import reread_mask  # noqa: PLC0415 (loads pydicom)

        return reread_mask(path, grid)
    back = read_labels(path)
    affines = raw_affines(path) or [back.grid.affine]
    # A NIfTI header may hold two places; which of them counts is the reader's choice, and the
    # mask has both of its source. One of them must be the grid.
    affine = min(affines, key=lambda matrix: float(np.abs(matrix - grid.affine).max()))
    return Reread(back.array, back.grid, measure(back.array, affine), "the header's own bytes")
