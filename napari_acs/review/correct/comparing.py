"""Where two masks differ, and how, for display in colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

ONLY_FIRST, ONLY_SECOND, OTHER_LABEL = 1, 2, 3
"""Labels of a comparison: labelled in the first mask only, in the second only, in both but
differently. 0 is the same in both."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two masks against each other.

    Attributes
    ----------
    labels : ndarray of uint8, shape (z, y, x)
        0 the same in both, else ``ONLY_FIRST``, ``ONLY_SECOND`` or ``OTHER_LABEL``.
    voxels : dict of int to int
        How many of these three there are.
    """

    labels: NDArray[np.uint8]
    voxels: dict[int, int]


def changed(labels: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which voxels are not as they were predicted.

    Raises
    ------
    BadInput
        The shapes differ.
    """
    if labels.shape != prediction.shape:
        raise BadInput(
            "The masks cannot be compared",
            found=f"arrays of shape {labels.shape} and {prediction.shape}",
            expected="masks on one grid",
            do="Choose masks of the same study",
        )
    differs: NDArray[np.bool_] = labels != prediction
    return differs


def compare(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Comparison:
    """Say of every voxel how two masks differ there.

    Raises
    ------
    BadInput
        The shapes differ.
    """
    differs = changed(first, second)
    a, b = first[differs] != 0, second[differs] != 0
    kind = np.where(a & b, OTHER_LABEL, np.where(a, ONLY_FIRST, ONLY_SECOND)).astype(np.uint8)
    made = np.zeros(first.shape, np.uint8)
    made[differs] = kind
    counts = np.bincount(kind, minlength=4).tolist()
    return Comparison(made, {each: counts[each] for each in (1, 2, 3)})
