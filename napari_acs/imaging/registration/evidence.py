"""Measure what speaks for or against a registration; `verdict` judges it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from napari_acs.imaging.cancel import ignore
from napari_acs.imaging.orient import lps_axes
from napari_acs.imaging.registration.likeness import Level, compare
from napari_acs.imaging.registration.rigid import mirror, move, shift, turned_deg
from napari_acs.imaging.registration.search import LEVELS_MM, Pair, climb, search, starts
from napari_acs.imaging.registration.verdict import Evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

_AWAY_MM = 8.0
_NOWHERE_MM = 999.0


def measure(
    pairs: Sequence[Pair],
    matrix: Matrix,
    both_ways: bool,
    cancelled: Callable[[], bool],
    progress: Callable[[float], None],
) -> Evidence:
    """Gather the evidence about one registration.

    Parameters
    ----------
    pairs : sequence of Pair
        At `LEVELS_MM`.
    matrix : ndarray, shape (4, 4)
        Point of fixed to point of moving.
    both_ways : bool
        Whether to register fixed to moving as well; no use where only fixed is skull-stripped.
    """
    here = compare(*pairs[-1], matrix)
    other = _mirrored_nmi(pairs, matrix, cancelled)
    progress(0.4)
    apart = _way_back(pairs, matrix, cancelled) if both_ways else None
    progress(1.0)
    centre = pairs[-1][0].centre
    return Evidence(
        nmi=here.nmi,
        mirror_ratio=other / here.nmi if here.nmi > 0 else 1.0,
        flatness=_flatness(pairs[1], matrix),
        overlap=here.overlap,
        dice=here.dice,
        consistency_mm=apart,
        moved_mm=float(np.linalg.norm(move([centre], matrix)[0] - centre)),
        turned_deg=turned_deg(matrix),
    )


def head_points(image: Level) -> Matrix:
    """Return the voxel centres of a head, (n, 3) in LPS mm."""
    return image.grid.index_to_point(np.argwhere(image.head)[:, ::-1])


def _flatness(pair: Pair, matrix: Matrix) -> float:
    top = compare(*pair, matrix).nmi
    offsets = np.vstack([np.eye(3), -np.eye(3)]) * _AWAY_MM
    near = [compare(*pair, matrix @ shift(offset)).nmi for offset in offsets]
    return float(np.mean(near)) / top if top > 0 else 1.0


def _mirrored_nmi(pairs: Sequence[Pair], matrix: Matrix, cancelled: Callable[[], bool]) -> float:
    """Return what moving's mirror image reaches, searched from where it must be."""
    fixed = pairs[0][0]
    found = mirrored(pairs[0][1])[1] @ matrix @ mirror(fixed.centre, (1.0, 0.0, 0.0))
    for (level, moving), spacing in zip(pairs, LEVELS_MM, strict=True):
        step = climb((level, mirrored(moving)[0]), found, spacing / 2, cancelled)
        if step is None:
            return 0.0
        found = step.matrix
    return compare(pairs[-1][0], mirrored(pairs[-1][1])[0], found).nmi


def mirrored(image: Level) -> tuple[Level, Matrix]:
    """Flip an image along the axis nearest to left-right, within its own field of view.

    Returns
    -------
    tuple of Level and ndarray, shape (4, 4)
        The flipped image, and the reflection that takes points of one to points of the other.
    """
    grid = image.grid
    axis = lps_axes(grid)[0][0]
    normal = np.reshape(grid.direction, (3, 3))[:, axis]
    plane = mirror(grid.corners().mean(axis=0), normal)
    flips = [i == axis for i in range(3)]

    def flip(picture: Any) -> Any:
        flipped = sitk.Flip(picture, flips)
        flipped.CopyInformation(picture)
        return flipped

    return Level(
        flip(image.image),
        np.flip(image.head, 2 - axis),
        flip(image.rim),
        move([image.centre], plane)[0],
    ), plane


def _way_back(pairs: Sequence[Pair], matrix: Matrix, cancelled: Callable[[], bool]) -> float:
    """Register fixed to moving from starts of its own, at the coarser levels; mm from home."""
    swapped = [(moving, fixed) for fixed, moving in pairs[:2]]
    back = search(swapped, starts(swapped[0]), cancelled, ignore)
    if back is None:
        return _NOWHERE_MM
    points = head_points(pairs[0][0])
    return float(np.linalg.norm(move(move(points, matrix), back.matrix) - points, axis=1).mean())
