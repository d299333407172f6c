"""A study: one patient at one time, up to four sequences on one grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.names import SEQUENCES, TITLES
from napari_acs.imaging.nifti import not_finite
from napari_acs.imaging.volume import Volume

_FEWEST_VOXELS = 4
"""Along each axis: fewer is a picture or a scout, and nothing 3D can be said about it."""


@dataclass(frozen=True, eq=False)
class Study:
    """Co-registered sequences of one patient at one time.

    Parameters
    ----------
    name : str
        What to call the study on screen and in reports.
    sequences : mapping of str to Volume
        Any subset of ``t1``, ``t1ce``, ``t2``, ``flair``, all on one grid; kept in that order.
    reference : str, optional
        The sequence whose own grid this is, and whose source a saved mask fits; the others may
        have been resampled to it. The first one when left out.

    Raises
    ------
    BadInput
        No sequence or an unknown one, two grids that differ, a volume that is too thin,
        holds NaN or Inf, or has the same value everywhere.
    """

    name: str
    sequences: Mapping[str, Volume]
    reference: str = ""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.sequences) - set(SEQUENCES))
        if unknown:
            raise BadInput(
                f"study {self.name}",
                found=f"a sequence called {unknown[0]!r}",
                expected=f"some of {', '.join(SEQUENCES)}",
            )
        ordered = {key: self.sequences[key] for key in SEQUENCES if key in self.sequences}
        if not ordered:
            raise BadInput(
                f"study {self.name}",
                found="no sequence",
                expected="at least one of T1, T1ce, T2 and FLAIR",
                do="Choose an MRI volume",
            )
        object.__setattr__(self, "sequences", ordered)
        if not self.reference:
            object.__setattr__(self, "reference", next(iter(ordered)))
        elif self.reference not in ordered:
            raise BadInput(
                f"study {self.name} has no {TITLES.get(self.reference, self.reference)}",
                found=f"sequences {', '.join(TITLES[key] for key in ordered)}",
                expected="one of them as the reference",
            )
        for key, volume in ordered.items():
            _check_voxels(_called(key, volume), volume)
        (first, reference), *others = ordered.items()
        for key, volume in others:
            difference = reference.grid.difference(volume.grid)
            if difference:
                raise BadInput(
                    f"{_called(first, reference)} and {_called(key, volume)} are on different "
                    "grids",
                    found=difference,
                    expected="sequences that are co-registered on one grid",
                    do="Register and resample them to one sequence first, or choose fewer "
                    "sequences",
                )

    @property
    def grid(self) -> Grid:
        """The reference grid: that of the reference sequence."""
        return self.sequences[self.reference].grid

    def input_sha256(self) -> dict[str, str]:
        """Hash each sequence's file (or its voxels and grid, where there is no file)."""
        return {key: volume.sha256() for key, volume in self.sequences.items()}


def _called(key: str, volume: Volume) -> str:
    file = volume.called("")
    return f"{file} ({TITLES[key]})" if file else TITLES[key]


def _check_voxels(called: str, volume: Volume) -> None:
    array = volume.array
    if array.dtype.kind not in "iufb":
        raise BadInput(called, found=f"voxels of type {array.dtype}", expected="real numbers")
    if min(array.shape) < _FEWEST_VOXELS:
        raise BadInput(
            called,
            found=f"only {min(array.shape)} voxel(s) along one axis",
            expected=f"a 3D volume of at least {_FEWEST_VOXELS} voxels along each axis",
            do="Choose the whole series, not a single slice",
        )
    # NaN goes through minimum and maximum, so two passes answer all three questions.
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(np.count_nonzero(~np.isfinite(array)))
        raise not_finite(called, bad)
    if low == high:
        raise BadInput(
            called,
            found=f"the value {low:g} in every voxel",
            expected="an image",
            do="Check that the export of this sequence is complete",
        )
