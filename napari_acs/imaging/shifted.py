"""Z-scores that shift the background along with the brain, as GaNDLF and TorchIO have them.

TorchIO's ``ZNormalization`` (Apache-2.0, Fernando Pérez-García) takes the mean and the standard
deviation of some voxels and applies them to all: what was 0 outside the brain becomes
-mean / deviation, another value in each sequence. In GaNDLF it is ``normalize``, ``_nonZero`` and
``_positive``, by the voxels that count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.brain import Normalisation
    from napari_acs.imaging.grid import Grid

SHIFTED: Final[Mapping[Normalisation, Callable[[NDArray[Any]], NDArray[np.bool_]] | None]] = (
    MappingProxyType(
        {
            "zscore": None,
            "nonzero-zscore-shifted": lambda array: array != 0,
            "positive-zscore-shifted": lambda array: array > 0,
        }
    )
)
"""Which voxels each of these normalisations counts; None: every one."""


@dataclass(frozen=True)
class Scale:
    """What an intensity is less ``mean``, in units of ``deviation``."""

    mean: float
    deviation: float

    @property
    def background(self) -> float:
        """What 0, the value outside the brain and outside the volume, becomes."""
        return float(self.of(np.zeros(1, np.float32))[0])

    def of(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale an array, in place; float32 throughout, as TorchIO."""
        array -= np.float32(self.mean)
        array /= np.float32(self.deviation)
        return array


def counted_of(
    raw: NDArray[np.float32], made: NDArray[np.float32], whole: Grid, target: Grid
) -> tuple[NDArray[np.float32], int]:
    """Return the voxels that statistics are taken of, and how many the whole volume has.

    At the same spacing they are the study's own; else the resampled ones, among which those at the
    brain's surface are partly background (TorchIO's ``Resample`` comes first, too).
    """
    factors = np.divide(target.spacing, whole.spacing)
    if np.allclose(factors, 1, rtol=1e-6, atol=0):
        return raw, math.prod(whole.size)
    return made, math.prod(np.ceil(np.divide(whole.size, factors) - 1e-6).astype(int).tolist())


def scale_of(array: NDArray[Any], method: Normalisation, size: int) -> Scale | None:
    """Return the scale of a sequence.

    Parameters
    ----------
    array : ndarray, any shape
        Every voxel of the sequence that is not 0, and as many others.
    method : one of `SHIFTED`
    size : int
        Voxels of the whole volume; those that are not in ``array`` are 0.

    Returns
    -------
    Scale or None
        None where the voxels that count are of one value, or fewer than two: TorchIO refuses them.
    """
    counts = SHIFTED[method]
    values = array[counts(array)] if counts else array.ravel()
    rest = 0 if counts else size - values.size
    number = values.size + rest
    if number < 2:  # a deviation needs two
        return None
    mean = float(values.sum(dtype=np.float64)) / number
    squares = float(np.square(values - mean, dtype=np.float64).sum()) + rest * mean**2
    deviation = (squares / (number - 1)) ** 0.5  # as torch's std, of a sample
    return Scale(mean, deviation) if np.float32(deviation) > 0 else None
