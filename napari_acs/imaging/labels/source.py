"""Whether the file that a grid was read from still says that grid."""

from __future__ import annotations

from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.names import SUFFIXES
from napari_acs.imaging.read import read_grid


def is_image_file(source: Path) -> bool:
    """Whether there is a file of a format that states a grid."""
    return source.is_file() and source.name.lower().endswith(SUFFIXES)


def is_other_now(source: Path | None, grid: Grid) -> bool:
    """Tell whether a file was replaced or damaged since ``grid`` was read from it.

    A mask that was drawn on it can be saved all the same, with the grid that is known; only the
    file's header cannot be taken over. One that has gone, or that states no grid (the folder of a
    DICOM series), is none that was replaced.

    Parameters
    ----------
    source : Path, optional
    grid : Grid
        As it was read, from it or from an image on the same grid.
    """
    if source is None or not is_image_file(source):
        return False
    try:
        return read_grid(source).difference(grid) is not None
    except BadInput:
        return True
