"""Conformal prediction sets: the classes that held-out cases do not let us rule out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_acs.models.calibration_spec import HeldOutScores


@dataclass(frozen=True)
class PredictionSet:
    """The numbers of the classes in the set, and of those held in it for want of cases."""

    members: tuple[int, ...]
    too_few: tuple[int, ...]
    fewest: int


def fewest_cases(coverage: float) -> int:
    """Return how many cases a threshold at this coverage needs: n with ceil((n+1) c) <= n."""
    return ceil(round(coverage / (1 - coverage), 9))


def threshold(scores: NDArray[np.float64], coverage: float) -> float | None:
    """Return the lowest score of the true class that stays in a set; None: too few cases.

    Parameters
    ----------
    scores : ndarray, shape (n)
        Of the true class, of held-out cases.
    coverage : float

    Notes
    -----
    LAC: the ceil((n + 1) coverage)-th smallest of 1 - score (Angelopoulos & Bates 2021, section 1).
    """
    rank = ceil(round((len(scores) + 1) * coverage, 9))
    return None if rank > len(scores) else float(np.sort(scores)[::-1][rank - 1])


def prediction_set(
    held: HeldOutScores, scores: Sequence[float], *, exclusive: bool
) -> PredictionSet:
    """Return the conformal set of a study.

    Parameters
    ----------
    held : HeldOutScores
    scores : sequence of float
        Of the study, one a class.
    exclusive : bool
        Whether the classes exclude each other. Where not, every class is judged by the cases that
        have it, against the rest.
    """
    known = np.asarray(held.scores, np.float64)
    own = [
        np.array([row[k] for row, true in zip(known, held.truth, strict=True) if k in true])
        for k in range(len(scores))
    ]
    if exclusive and held.conformal == "marginal":
        own = [np.concatenate(own)] * len(scores)
    limits = [threshold(each, held.coverage) for each in own]
    pairs = list(enumerate(zip(scores, limits, strict=True)))
    return PredictionSet(
        tuple(k for k, (score, limit) in pairs if limit is None or score >= limit),
        tuple(k for k, (_, limit) in pairs if limit is None),
        fewest_cases(held.coverage),
    )
