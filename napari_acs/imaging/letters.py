"""Letters for directions in the patient, as DICOM viewers write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_POSITIVE, _NEGATIVE = "LPS", "RAI"
SMALLEST_COSINE = 0.25
"""A direction is named from this cosine on: a tilt of about 15 degrees."""


def letters_along(direction: ArrayLike) -> str:
    """Name a direction in the patient (a vector in LPS), its largest component first.

    >>> letters_along((0, -0.96, 0.29))
    'AS'
    """
    vector = np.asarray(direction, float)
    parts = vector / np.linalg.norm(vector)
    largest_first = sorted(range(3), key=lambda i: -abs(parts[i]))
    return "".join(
        (_POSITIVE if parts[i] > 0 else _NEGATIVE)[i]
        for i in largest_first
        if abs(parts[i]) > SMALLEST_COSINE
    )
