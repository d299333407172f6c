"""Write a label map's bytes so that the header says its grid as exactly as the format can."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from napari_acs.imaging import nifti, nrrd
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.read import read_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Change = Callable[[bytes], bytes]


def encode(path: Path, labels: NDArray[np.uint8], grid: Grid, source: Path | None) -> None:
    """Write labels to a new file; see `napari_acs.imaging.write_labels` for how exactly.

    Parameters
    ----------
    path : Path
        A new ``.nii``, ``.nii.gz``, ``.nrrd`` or ``.mha`` file.
    labels : ndarray of uint8, shape (z, y, x)
    grid : Grid
    source : Path, optional
        A file on ``grid``; where it is of the same format, its header's geometry is kept.

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
    changes: list[_Change] = []
    if kind == ".nrrd":
        if source is not None and like.endswith((".nrrd", ".nhdr")):
            lines = nrrd.geometry_lines(source)
            changes.append(lambda raw: nrrd.with_lines(raw, lines))
        sitk.WriteImage(image, str(path), True)
        _keep_closest(path, grid, changes)
    elif kind in {".nii", ".gz"}:
        if source is not None and like.endswith((".nii", ".nii.gz")):
            header = nifti.check_nifti(source)
            changes.append(lambda raw: nifti.with_geometry_of(raw, header))
        changes.append(lambda raw: nifti.with_sform_alone(raw, grid.affine))
        plain = path if kind == ".nii" else path.with_name(path.name[:-3])
        try:
            sitk.WriteImage(image, str(plain), False)
            _keep_closest(plain, grid, changes)
            if plain != path:
                _pack(plain, path)
        finally:
            if plain != path:
                plain.unlink(missing_ok=True)
    else:
        sitk.WriteImage(image, str(path), True)


def _keep_closest(path: Path, grid: Grid, changes: list[_Change]) -> None:
    """Leave the file with the change after which it reads back closest to ``grid``.

    Earlier changes win where two are as good, and any change wins over none.
    """
    written = path.read_bytes()
    best, least = written, (True, float("inf"))
    for change in (*changes, bytes):
        raw = change(written)
        path.write_bytes(raw)
        back = read_grid(path)
        off = (back != grid, float(np.abs(back.corners() - grid.corners()).max()))
        if off < least:
            best, least = raw, off
        if not off[0]:
            break
    path.write_bytes(best)


def _pack(plain: Path, path: Path) -> None:
    # No name and no time in the gzip header: the same mask gives the same bytes.
    with (
        plain.open("rb") as raw,
        path.open("wb") as packed,
        gzip.GzipFile("", "wb", 6, packed, mtime=0) as stream,
    ):
        shutil.copyfileobj(raw, stream, 1 << 20)
