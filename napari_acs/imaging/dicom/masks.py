"""Masks in DICOM: which kind a file is, and reading, writing and rereading it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.rtstruct_read import (
    load_rtstruct,
    measure_rtstruct,
    rtstruct_volume,
)
from napari_acs.imaging.dicom.rtstruct_write import RTSTRUCT_CLASS, write_rtstruct
from napari_acs.imaging.dicom.seg_read import SEG_CLASSES, load_seg, measure_seg, seg_volume
from napari_acs.imaging.dicom.seg_write import write_seg
from napari_acs.imaging.labels.proof import Reread
from napari_acs.imaging.labels.segments import Maker, SegmentName

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.imaging.dicom.origin import DicomOrigin
    from napari_acs.imaging.grid import Grid
    from napari_acs.imaging.volume import Volume


def write_mask(
    path: Path,
    labels: NDArray[np.uint8],
    grid: Grid,
    origin: DicomOrigin | None,
    segments: Sequence[SegmentName],
    maker: Maker,
) -> None:
    """Write ``.rtstruct.dcm`` as RT structure set, another name as segmentation.

    Raises
    ------
    BadInput
        As `write_seg` and `write_rtstruct`; also without a series.
    """
    structures = path.name.lower().endswith(".rtstruct.dcm")
    origin = require_series(path.name, origin)
    write = write_rtstruct if structures else write_seg
    write(path, labels, grid, origin, segments, maker)


def require_series(name: str, origin: DicomOrigin | None) -> DicomOrigin:
    """Return the series that a DICOM mask of this name is to refer to.

    Raises
    ------
    BadInput
        There is none: the study was not read from DICOM.
    """
    if origin is None:
        kind = "RTSTRUCT" if name.lower().endswith(".rtstruct.dcm") else "SEG"
        raise BadInput(
            f"the mask cannot be saved as DICOM {kind}",
            found="a study that was not read from DICOM",
            expected="the DICOM series that the mask belongs to",
            do="Save it as NIfTI or NRRD, or open the study from its DICOM files",
        )
    return origin


def read_mask(
    path: Path, grid: Grid | None
) -> tuple[Volume, tuple[SegmentName, ...], tuple[str, ...]]:
    """Read a segmentation or a structure set; see `napari_acs.imaging.read_segments`.

    Returns
    -------
    volume : Volume
    segments : tuple of SegmentName
    notes : tuple of str
        What was decided in reading, a sentence each.
    """
    dataset = _load(path)
    kind = str(dataset.get("SOPClassUID", ""))
    if kind in SEG_CLASSES:
        seg = load_seg(path, dataset)
        return replace(seg_volume(seg, grid), source=path), seg.segments, seg.notes
    if kind != RTSTRUCT_CLASS:
        raise BadInput(
            f"{path.name} holds no labels",
            found=f"a DICOM object of another kind ({dataset.get('Modality', 'unknown')})",
            expected="a DICOM segmentation (SEG) or RT structure set (RTSTRUCT)",
        )
    if grid is None:
        raise BadInput(
            f"{path.name} has no grid of its own",
            found="contours of an RT structure set",
            expected="the images that they were drawn on",
            do="Open the study first, and then the structure set",
        )
    structures = load_rtstruct(path, dataset)
    segments = tuple(segment for segment, _ in structures.contours)
    return replace(rtstruct_volume(structures, grid), source=path), segments, structures.notes


def reread_mask(path: Path, grid: Grid) -> Reread:
    """Reread a mask that was just written, and measure its labels without the grid.

    Parameters
    ----------
    path : Path
    grid : Grid
        Segmentations lack empty slices, and structure sets have no grid at all; both are put on
        this one by their positions in the patient.
    """
    dataset = _load(path)
    if str(dataset.SOPClassUID) == RTSTRUCT_CLASS:
        structures = load_rtstruct(path, dataset)
        volume = rtstruct_volume(structures, grid)
        found = measure_rtstruct(structures, grid.spacing[2])
        return Reread(volume.array, volume.grid, found, "the area of its contours")
    seg = load_seg(path, dataset)
    volume = seg_volume(seg, grid)
    return Reread(volume.array, volume.grid, measure_seg(seg), "the position of every frame")


def _load(path: Path) -> Dataset:
    if not path.is_file():
        raise BadInput(f"{path}", found="no such file", do="Check the path")
    try:
        return pydicom.dcmread(path)
    except (OSError, InvalidDicomError, EOFError) as error:
        raise BadInput(
            f"{path.name} is no mask file that can be read",
            found="neither an image file nor DICOM",
            expected="a NIfTI, NRRD, MetaImage, DICOM SEG or RTSTRUCT file",
        ) from error
