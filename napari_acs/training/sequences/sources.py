"""The volumes whose sequence is known, and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import Volume, find_sequences, lps_grid, read_volume, to_lps
from napari_acs.imaging.coarser import covering, smoothing
from napari_acs.imaging.separable import along_axes, axis_matrices

STRIPPED = ("brats2021", "brats2018-2020-8bit")
TCGA = "tcga-lgg-native/TCGA-FG-6692"
TCIA = "tcia-brain-tumor-progression"
_SLICES_MM = 5.0
_WORKING_MM = 3.0
"""Made-up scans of the stripped cases start from this spacing; the classifier's own is coarser."""


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


def patients(data: Path) -> dict[str, Callable[[], Patient]]:
    """List the shared cases whose licences allow weights to be trained on them.

    Parameters
    ----------
    data : Path
        The shared folder; see its README.

    Returns
    -------
    dict of str to callable
        By the patient's name, what reads the patient.

    Raises
    ------
    BadInput
        A folder is missing.
    """
    stripped = [folder for part in STRIPPED for folder in _folders(data / part)]
    heads = _folders(data / TCIA)
    return {
        **{folder.name: partial(_stripped, folder) for folder in stripped},
        "TCGA-FG-6692": partial(_both, "TCGA-FG-6692", data / TCGA),
        **{f"TCIA-{folder.name}": partial(_dates, folder) for folder in heads},
    }


def _stripped(folder: Path) -> Patient:
    scans = _volumes(folder)
    return Patient(folder.name, scans, (False,) * len(scans))


def _both(name: str, folder: Path) -> Patient:
    heads, brains = _volumes(folder), _volumes(folder / "brats_space")
    return Patient(name, (*heads, *brains), (True,) * len(heads) + (False,) * len(brains))


def _dates(folder: Path) -> Patient:
    files = sorted(folder.glob("*_T1.nii.gz"))
    dates = tuple(("t1ce", _with_true_slices(read_volume(file))) for file in files)
    return Patient(f"TCIA-{folder.name}", dates, (True,) * len(dates))


def at_spacing(volume: Volume, spacing_mm: float = _WORKING_MM) -> Volume:
    """Return a volume in LPS order, smoothed and interpolated to a spacing (isotropic, mm)."""
    grid = lps_grid(volume.grid)
    target = covering(grid, (spacing_mm,) * 3)
    matrices = axis_matrices(grid, target, smoothing(grid, target))
    array = np.ascontiguousarray(to_lps(volume.array, volume.grid), dtype=np.float32)
    return Volume(along_axes(array, matrices), target)


def _volumes(folder: Path) -> tuple[tuple[str, Volume], ...]:
    return tuple((key, read_volume(path)) for key, path in find_sequences(folder).items())


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
