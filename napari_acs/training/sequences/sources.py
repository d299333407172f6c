"""The volumes whose sequence is known, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume, find_sequences, lps_grid, read_volume, to_lps
from napari_acs.imaging.modelspace import covering, smoothing
from napari_acs.imaging.separable import along_axes, axis_matrices

STRIPPED = ("brats2021", "brats2018-2020-8bit")
TCGA = "tcga-lgg-native/TCGA-FG-6692"
TCIA = "tcia-brain-tumor-progression"
_SLICES_MM = 5.0
_WORKING_MM = 2.0
"""The stripped cases are worked on at this spacing; the classifier's own is coarser."""


@dataclass(frozen=True, eq=False)
class Patient:
    """The labelled volumes of one patient.

    Attributes
    ----------
    name : str
    scans : tuple of (str, Volume)
        Sequence and volume; a sequence may come twice (two dates, with the skull and without).
    skull : tuple of bool
        Whether each shows the skull.
    """

    name: str
    scans: tuple[tuple[str, Volume], ...]
    skull: tuple[bool, ...]


def read_patients(data: Path) -> Iterator[Patient]:
    """Read the shared cases whose licences allow weights to be trained on them, one by one.

    Parameters
    ----------
    data : Path
        The shared folder; see its README.

    Raises
    ------
    BadInput
        A folder is missing or cannot be read.
    """
    for part in STRIPPED:
        for folder in _folders(data / part):
            scans = tuple(_volumes(folder))
            yield Patient(folder.name, scans, (False,) * len(scans))
    heads = [(key, read_volume(path)) for key, path in find_sequences(data / TCGA).items()]
    brains = list(_volumes(data / TCGA / "brats_space"))
    skull = (True,) * len(heads) + (False,) * len(brains)
    yield Patient("TCGA-FG-6692", (*heads, *brains), skull)
    for folder in _folders(data / TCIA):
        files = sorted(folder.glob("*_T1.nii.gz"))
        dates = tuple(("t1ce", _with_true_slices(read_volume(file))) for file in files)
        yield Patient(f"TCIA-{folder.name}", dates, (True,) * len(dates))


def at_spacing(volume: Volume, spacing_mm: float = _WORKING_MM) -> Volume:
    """Return a volume in LPS order, smoothed and interpolated to a spacing (isotropic, mm)."""
    grid = lps_grid(volume.grid)
    target = covering(grid, (spacing_mm,) * 3)
    matrices = axis_matrices(grid, target, smoothing(grid, target))
    array = np.ascontiguousarray(to_lps(volume.array, volume.grid), dtype=np.float32)
    return Volume(along_axes(array, matrices), target)


def _volumes(folder: Path) -> Iterator[tuple[str, Volume]]:
    for key, path in find_sequences(folder).items():
        yield key, at_spacing(read_volume(path))


def _with_true_slices(volume: Volume) -> Volume:
    """Put the lost distance of slices back; their header says 1 mm."""
    grid = volume.grid
    spacing = (grid.spacing[0], grid.spacing[1], _SLICES_MM)
    return Volume(volume.array, type(grid)(grid.size, spacing, grid.origin, grid.direction))


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        raise BadInput(
            f"{parent}", found="no such folder", do="Give the folder of the shared cases"
        )
    return sorted(folder for folder in parent.iterdir() if folder.is_dir())
