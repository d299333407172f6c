"""Find the rigid move that lays one head on another, from coarse to fine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.cancel import stop_if
from napari_acs.imaging.registration.likeness import Level, compare
from napari_acs.imaging.registration.rigid import refine, shift, turn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

Pair = tuple[Level, Level]
"""Fixed and moving at one resolution."""

LEVELS_MM = (8.0, 4.0, 2.0)
"""Voxels are averaged to about these spacings; an axis with thicker slices stays as it is."""

_TURNS_DEG = (-30.0, -15.0, 15.0, 30.0)
_TURNED_STARTS = 2


@dataclass(frozen=True, eq=False)
class Found:
    """Where a search ended.

    Attributes
    ----------
    matrix : ndarray, shape (4, 4)
        Point of fixed to point of moving, LPS mm.
    ended : str
        Why the optimiser stopped at the finest level.
    """

    matrix: Matrix
    ended: str


def starts(pair: Pair) -> list[Matrix]:
    """List where a search begins: places that are cheap to guess, and the best turns of them.

    The headers as they are, the fields of view on each other and the heads' centres of mass on
    each other; then of these, turned by 15 and 30 degrees about each patient axis, the two that
    look best.

    Parameters
    ----------
    pair : Pair
        At a coarse resolution.
    """
    fixed, moving = pair
    places = [
        np.eye(4),
        shift(moving.grid.corners().mean(axis=0) - fixed.grid.corners().mean(axis=0)),
        shift(moving.centre - fixed.centre),
    ]
    turns = [
        turn(np.radians(np.eye(3)[axis] * angle), fixed.centre)
        for axis in range(3)
        for angle in _TURNS_DEG
    ]
    turned = [place @ rotation for place in places for rotation in turns]
    turned.sort(key=lambda matrix: -compare(fixed, moving, matrix).score)
    return places + turned[:_TURNED_STARTS]


def search(
    pairs: Sequence[Pair],
    begin: Sequence[Matrix],
    cancelled: Callable[[], bool],
    progress: Callable[[float], None],
) -> Found | None:
    """Climb from every start at the coarsest level, then from the best one at the finer ones.

    Returns
    -------
    Found or None
        None when no start gave enough overlap for a metric.
    """
    coarse = pairs[0]
    best: tuple[float, Found] | None = None
    for i, start in enumerate(begin):
        stop_if(cancelled)
        found = climb(coarse, start, LEVELS_MM[0] / 2, cancelled)
        progress((i + 1) / (len(begin) + len(pairs)))
        if found is not None:
            score = compare(*pairs[min(1, len(pairs) - 1)], found.matrix).score
            if best is None or score > best[0]:
                best = score, found
    if best is None:
        return None
    found = best[1]
    for i, (pair, spacing) in enumerate(zip(pairs[1:], LEVELS_MM[1:], strict=False)):
        finer = climb(pair, found.matrix, spacing / 2, cancelled)
        progress((len(begin) + i + 2) / (len(begin) + len(pairs)))
        found = finer or found
    return found


def climb(pair: Pair, start: Matrix, step_mm: float, cancelled: Callable[[], bool]) -> Found | None:
    """Refine a start at one level."""
    fixed, moving = pair
    done: Any = refine(
        fixed.image, moving.image, start, fixed.centre, step_mm, mask=fixed.rim,
        cancelled=cancelled,
    )  # fmt: skip
    return Found(*done) if done else None
