"""Write a label map's bytes so that the header says its grid as exactly as the format can."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from napari_acs.imaging import nifti, nrrd
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.itk_files import ONE_AT_A_TIME, itk_name
from napari_acs.imaging.labels.segments import SegmentName
from napari_acs.imaging.labels.segnrrd import segment_pairs
from napari_acs.imaging.read import read_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray


def encode(
    path: Path,
    labels: NDArray[np.uint8],
    grid: Grid,
    source: Path | None,
    segments: Sequence[SegmentName] = (),
) -> None:
    """Write labels to a new file; see `napari_acs.imaging.write_labels` for how exactly.

    Parameters
    ----------
    path : Path
        A new ``.nii``, ``.nii.gz``, ``.nrrd`` or ``.mha`` file.
    labels : ndarray of uint8, shape (z, y, x)
    grid : Grid
    source : Path, optional
        A file on ``grid``; where it is of the same format, its header's geometry is kept.
    segments : sequence of SegmentName
        Names of the labels, for NRRD; the other formats have no place for them.

    Raises
    ------
    OSError, RuntimeError
        The file cannot be written.
    """
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    kind = path.suffix.lower()
    like = source.name.lower() if source is not None else ""
    if kind == ".nrrd":
        with ONE_AT_A_TIME:
            sitk.WriteImage(image, itk_name(path), True)
        if source is not None and like.endswith((".nrrd", ".nhdr")):
            lines = nrrd.geometry_lines(source)
            _keep_if_closer(path, grid, lambda raw: nrrd.with_lines(raw, lines))
        if segments:
            path.write_bytes(nrrd.with_pairs(path.read_bytes(), segment_pairs(segments, grid.size)))
    elif kind in {".nii", ".gz"}:
        plain = path if kind == ".nii" else path.with_name(path.name[:-3])
        try:
            with ONE_AT_A_TIME:
                sitk.WriteImage(image, itk_name(plain), False)
            if source is not None and like.endswith((".nii", ".nii.gz")):
                header = nifti.check_nifti(source)
                _keep_if_closer(plain, grid, lambda raw: nifti.with_geometry_of(raw, header))
            if plain != path:
                _pack(plain, path)
        finally:
            if plain != path:
                plain.unlink(missing_ok=True)
    else:
        with ONE_AT_A_TIME:
            sitk.WriteImage(image, itk_name(path), True)


def _keep_if_closer(path: Path, grid: Grid, change: Callable[[bytes], bytes]) -> None:
    """Change a file's bytes, unless it then reads back further from ``grid`` than before.

    It may where the source is another sequence, whose grid differs in its rounding.
    """
    written, before = path.read_bytes(), _off(path, grid)
    path.write_bytes(change(written))
    if _off(path, grid) > before:
        path.write_bytes(written)


def _off(path: Path, grid: Grid) -> tuple[bool, float]:
    back = read_grid(path)
    return back != grid, float(np.abs(back.corners() - grid.corners()).max())


def _pack(plain: Path, path: Path) -> None:
    # No name and no time in the gzip header: the same mask gives the same bytes.
    with (
        plain.open("rb") as raw,
        path.open("wb") as packed,
        gzip.GzipFile("", "wb", 6, packed, mtime=0) as stream,
    ):
        shutil.copyfileobj(raw, stream, 1 << 20)
