"""Dice and HD95 of a case's readings: within a rater, between raters, and with the AI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.metrics import score
from napari_acs.review.correct.nesting import GLIOMA, Nesting

if TYPE_CHECKING:
    from numpy.typing import NDArray

Relation = Literal["within a rater", "between raters", "rater and AI", "AI and AI"]


@dataclass(frozen=True, eq=False)
class Reading:
    """One mask of a case, and whose it is.

    Attributes
    ----------
    rater : str
        A person's pseudonym, or a model.
    labels : ndarray of uint8, shape (z, y, x)
    attempt : int
        Which of this rater's readings of the case it is.
    is_ai : bool
        A prediction that nobody corrected.
    """

    rater: str
    labels: NDArray[np.uint8]
    attempt: int = 1
    is_ai: bool = False

    @property
    def name(self) -> str:
        """Name the reading."""
        return f"{self.rater} #{self.attempt}"


@dataclass(frozen=True)
class Overlap:
    """Agreement of two readings on one region of one case.

    Attributes
    ----------
    case, region : str
    first, second : str
        Names of the readings; of a rater and the AI, the rater's is first.
    relation : str
    dice : float
    hd95_mm : float
    first_ml, second_ml : float
    """

    case: str
    region: str
    first: str
    second: str
    relation: Relation
    dice: float
    hd95_mm: float
    first_ml: float
    second_ml: float


def overlaps(
    case: str,
    readings: Sequence[Reading],
    spacing: tuple[float, float, float],
    *,
    nesting: Nesting = GLIOMA,
) -> tuple[Overlap, ...]:
    """Compare every pair of readings of a case, region by region.

    Definitions, and the rule for regions that are empty, are those of the metrics that models
    are judged by (`DEFINITIONS` there).

    Parameters
    ----------
    case : str
    readings : sequence of Reading
        Two or more, on one grid.
    spacing : tuple of float
        Voxel size along (z, y, x), in mm.
    nesting : Nesting

    Raises
    ------
    BadInput
        Fewer than two readings, shapes that differ, unknown labels, or two readings of one name.
    """
    shapes = {reading.labels.shape for reading in readings}
    names = [reading.name for reading in readings]
    if len(readings) < 2 or len(shapes) > 1:
        raise BadInput(
            f"The readings of {case} cannot be compared",
            found=f"{len(readings)} of shape {', '.join(map(str, sorted(shapes)))}",
            expected="two or more masks on one grid",
            do="Choose readings of the same study",
        )
    if len(set(names)) < len(names):
        raise BadInput(
            f"The readings of {case} cannot be told apart",
            found=f"two called {next(name for name in names if names.count(name) > 1)}",
            expected="another attempt of the rater under another number",
        )
    ordered = sorted(readings, key=lambda reading: reading.is_ai)
    masks = {reading.name: nesting.masks(reading.labels) for reading in ordered}
    found = []
    for a, b in combinations(ordered, 2):
        for region in nesting.regions:
            scores = score(masks[b.name][region], masks[a.name][region], spacing)
            found.append(
                Overlap(
                    case,
                    region,
                    a.name,
                    b.name,
                    _relation(a, b),
                    scores.dice,
                    scores.hd95_mm,
                    scores.reference_ml,
                    scores.predicted_ml,
                )
            )
    return tuple(found)


def _relation(a: Reading, b: Reading) -> Relation:
    if a.is_ai and b.is_ai:
        return "AI and AI"
    if a.is_ai or b.is_ai:
        return "rater and AI"
    return "within a rater" if a.rater == b.rater else "between raters"
