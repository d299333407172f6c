"""Voxels by their brightness in one sequence: what a threshold brush may touch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.review.boxes import Box


@dataclass(frozen=True, eq=False)
class Band:
    """Values from low to high, both included, of an image on the mask's grid.

    Parameters
    ----------
    image : ndarray, shape (z, y, x)
    low, high : float
        In the image's own units; may be infinite.
    name : str
        What to call the image in a sentence, as a rule the sequence.

    Raises
    ------
    BadInput
        There is no value from low to high.
    """

    image: NDArray[Any]
    low: float
    high: float
    name: str = "the image"

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise BadInput(
                "The brush would touch no voxel",
                found=f"values from {self.low:g} to {self.high:g}",
                expected="a lower limit that is not above the upper one",
                do="Exchange the limits",
            )

    def holds(self, window: Box) -> NDArray[np.bool_]:
        """Return which voxels of a window have such a value; NaN never has."""
        values = self.image[window]
        held: NDArray[np.bool_] = (values >= self.low) & (values <= self.high)
        return held

    def said(self) -> str:
        """Say the limits, of those that there are."""
        if math.isinf(self.low) and math.isinf(self.high):
            return f"whatever {self.name} is"
        if math.isinf(self.high):
            return f"where {self.name} is from {self.low:g} up"
        if math.isinf(self.low):
            return f"where {self.name} is up to {self.high:g}"
        return f"where {self.name} is from {self.low:g} to {self.high:g}"
