"""One 3D image: its voxels, its grid and the file it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.dicom.origin import DicomOrigin
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.stamp import Stamp, stamp_of
from napari_acs.imaging.step import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels and where they are.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        Kept as a read-only view; the caller's array is neither copied nor locked.
    grid : Grid
        Its ``shape`` is that of the array.
    source : Path, optional
        The file that the voxels were read from (the folder, for a DICOM series).
    dicom : DicomOrigin, optional
        The series that the voxels were read from.
    history : tuple of Step
        What was done to the voxels since, in order: registered, resampled, brain extracted ...
    stamp : tuple, optional
        Of the files as they were read (see `napari_acs.imaging.stamp`).

    Raises
    ------
    ValueError
        The array's shape is not the grid's.
    """

    array: NDArray[Any]
    grid: Grid
    source: Path | None = field(default=None, repr=False)  # of DICOM, often the patient's name
    dicom: DicomOrigin | None = None
    history: tuple[Step, ...] = ()
    stamp: Stamp | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.array.shape != self.grid.shape:
            raise ValueError(f"array {self.array.shape} on a grid of {self.grid.shape}")
        view = self.array.view()
        view.flags.writeable = False
        object.__setattr__(self, "array", view)

    def called(self, otherwise: str) -> str:
        """Return the file's name, for a sentence; ``otherwise`` without one, and for DICOM.

        DICOM files and their folders are often called after the patient.
        """
        return self.source.name if self.source is not None and self.dicom is None else otherwise

    def sha256(self) -> str:
        """Hash the source's bytes (of a series, its files in order); else voxels and grid.

        The latter also where the files are others by now than those that were read.
        """
        files = self.dicom.files if self.dicom else (self.source,) if self.source else ()
        same = self.stamp is None or self.stamp == stamp_of(files)
        if files and same and all(file.is_file() for file in files):
            whole = hashlib.sha256()
            for path in files:
                with path.open("rb") as file:
                    while chunk := file.read(1 << 20):
                        whole.update(chunk)
            return whole.hexdigest()
        digest = hashlib.sha256(f"{self.array.dtype.str} {self.grid}".encode())
        digest.update(np.ascontiguousarray(self.array).data)
        return digest.hexdigest()
