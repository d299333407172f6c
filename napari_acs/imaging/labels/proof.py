"""The proof of a save: what the written file says, against what was to be saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.labels.measure import Measured, measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid

SAME_PLACE = 0.01
"""A centroid may be this part of the smallest voxel side off, as corners in `Grid.difference`."""
SAME_VOLUME = 1e-4
"""A volume may be this part of itself off."""


@dataclass(frozen=True)
class Reread:
    """What was found in a file that was just written.

    Attributes
    ----------
    labels : ndarray of uint8, shape (z, y, x)
    grid : Grid
    found : mapping of int to Measured
        By another way than ``grid``: from the header's bytes, the frames' own positions, or
        the area of contours.
    how : str
        That way, in words.
    """

    labels: NDArray[Any]
    grid: Grid
    found: Mapping[int, Measured]
    how: str


@dataclass(frozen=True)
class LabelProof:
    """One label as it was reread.

    Attributes
    ----------
    value, voxels : int
    volume_ml : float
    centroid_lps_mm : tuple of float
    deviation_mm : float
        Distance of the centroid from where it was to be.
    """

    value: int
    voxels: int
    volume_ml: float
    centroid_lps_mm: tuple[float, float, float]
    deviation_mm: float


@dataclass(frozen=True)
class Proof:
    """That a saved mask holds the same labels in the same place.

    Attributes
    ----------
    file : Path
    format : str
        ``"NIfTI"``, ``"NRRD"``, ``"MetaImage"``, ``"DICOM SEG"`` or ``"DICOM RTSTRUCT"``.
    labels : tuple of LabelProof
        Ascending by value; empty for a mask without labels.
    how : str
        By which way, besides the reader that users have, places and volumes were found.
    """

    file: Path
    format: str
    labels: tuple[LabelProof, ...]
    how: str

    @property
    def largest_deviation_mm(self) -> float:
        """The furthest that a label's centroid is off; 0 without labels."""
        return max((label.deviation_mm for label in self.labels), default=0.0)

    def sentence(self) -> str:
        """Say it in one sentence."""
        count = len(self.labels)
        if not count:
            return f"Verified: reread from {self.file.name}, no labels, as it was to be"
        noun = "1 label" if count == 1 else f"{count} labels"
        return (
            f"Verified: reread from {self.file.name}, {noun} in the same place "
            f"(centroids within {self.largest_deviation_mm:.2f} mm), volumes equal"
        )

    def record(self) -> dict[str, Any]:
        """Return the proof as JSON-ready data, without the folder of the file."""
        return {
            "file": self.file.name,
            "format": self.format,
            "how": self.how,
            "labels": [
                {
                    "value": label.value,
                    "voxels": label.voxels,
                    "volume_ml": label.volume_ml,
                    "centroid_lps_mm": list(label.centroid_lps_mm),
                    "deviation_mm": label.deviation_mm,
                }
                for label in self.labels
            ],
        }


def prove(
    path: Path, kind: str, labels: NDArray[np.uint8], grid: Grid, reread: Reread, advice: str
) -> Proof:
    """Compare what was reread with what was to be saved.

    Parameters
    ----------
    path : Path
        The name that the file is to have.
    kind : str
        Of format.
    labels : ndarray of uint8, shape (z, y, x)
        What was to be saved, on ``grid``.
    reread : Reread
    advice : str
        What to do about a refusal.

    Raises
    ------
    BadInput
        The grid, a voxel, or the place or volume of a label differ.
    """
    wanted = measure(labels, grid.affine)
    fault = _fault(labels, grid, wanted, reread)
    if fault:
        raise unproven(path, fault, advice)
    proofs = [
        LabelProof(
            value,
            wanted[value].voxels,  # each of them compared above
            one.volume_ml,
            one.centroid,
            _apart(one, wanted[value]),
        )
        for value, one in sorted(reread.found.items())
    ]
    return Proof(path, kind, tuple(proofs), reread.how)


def unproven(path: Path, fault: str, advice: str) -> BadInput:
    """Return the refusal of a file that does not hold what was to be saved."""
    return BadInput(
        f"{path.name} would not read back as the mask that was to be saved",
        found=fault,
        expected="the same labels in the same place",
        do=advice,
    )


def _apart(one: Measured, other: Measured) -> float:
    return float(np.linalg.norm(np.subtract(one.centroid, other.centroid)))


def _fault(
    labels: NDArray[np.uint8], grid: Grid, wanted: Mapping[int, Measured], reread: Reread
) -> str | None:
    if difference := reread.grid.difference(grid):
        return difference
    if not np.array_equal(reread.labels, labels):
        return "voxels that differ"
    if wanted.keys() != reread.found.keys():
        return f"labels {sorted(reread.found)} instead of {sorted(wanted)} by {reread.how}"
    for value, one in reread.found.items():
        apart = _apart(one, wanted[value])
        if apart > SAME_PLACE * min(grid.spacing):
            return f"label {value} {apart:.3g} mm from its place by {reread.how}"
        if abs(one.volume_ml - wanted[value].volume_ml) > SAME_VOLUME * wanted[value].volume_ml:
            return (
                f"label {value} of {one.volume_ml:.4g} ml instead of "
                f"{wanted[value].volume_ml:.4g} ml by {reread.how}"
            )
    return None
