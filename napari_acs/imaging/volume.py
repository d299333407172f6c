"""One 3D image: its voxels, its grid and the file it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.grid import Grid

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
        The file that the voxels were read from.

    Raises
    ------
    ValueError
        The array's shape is not the grid's.
    """

    array: NDArray[Any]
    grid: Grid
    source: Path | None = None

    def __post_init__(self) -> None:
        if self.array.shape != self.grid.shape:
            raise ValueError(f"array {self.array.shape} on a grid of {self.grid.shape}")
        view = self.array.view()
        view.flags.writeable = False
        object.__setattr__(self, "array", view)

    def sha256(self) -> str:
        """Hash the source file's bytes; without a file, the voxels and the grid."""
        if self.source is not None and self.source.is_file():
            with self.source.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256(f"{self.array.dtype.str} {self.grid}".encode())
        digest.update(np.ascontiguousarray(self.array).data)
        return digest.hexdigest()
