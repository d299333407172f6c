"""Whether every sequence shows the whole brain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.subject import Subject, title
from napari_acs.imaging.coarse import Coarse
from napari_acs.imaging.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

CUT_BRAIN, CUT_HEAD = 0.15, 0.5
"""Area of the topmost slice, as a part of the largest, above which the brain is cut off there.
Of an ellipsoid head of 150 mm height, half the area is 22 mm below the top: more than scalp and
skull. (Shared cases: brains at most 0.0; heads 0.24 to 0.41.) At the bottom the neck goes on."""
SHARED_AMBER, SHARED_RED = 0.9, 0.5
"""Part of the brain that a sequence must cover. Of the shared cases on one grid all cover at
least 0.96, but for one FLAIR that truly ends early: 0.66."""


def coverage(subject: Subject) -> CheckLine:
    """Make a sequence that misses half of the brain red, a tenth of it amber."""
    cut = [
        f"{title(key)} ends below the top of the {'brain' if seen.stripped else 'head'}"
        for key, seen in subject.shown.items()
        if _is_cut(seen)
    ]
    parts = _covered(subject)
    missing = {key: part for key, part in parts.items() if part < SHARED_AMBER}
    found = [f"{title(key)} shows {part:.0%} of the brain" for key, part in missing.items()] + cut
    if any(part < SHARED_RED for part in missing.values()):
        return CheckLine(
            "coverage",
            "red",
            "A sequence misses most of the brain",
            "; ".join(found),
            "Choose another series, or leave this sequence out",
        )
    if found:
        return CheckLine(
            "coverage",
            "amber",
            "A part of the brain is not shown",
            "; ".join(found),
            "Nothing is found where a sequence shows nothing; compare with the full series",
        )
    return CheckLine("coverage", "green", "Every sequence shows the whole brain")


def _is_cut(seen: Coarse) -> bool:
    area = np.count_nonzero(seen.inside, axis=(1, 2))
    top = len(area) - 1
    if not seen.stripped:  # slices that were never filled are no end of the head
        filled = np.flatnonzero(np.ptp(seen.array, axis=(1, 2)) > 0)
        top = int(filled[-1]) if filled.size else top
    limit = CUT_BRAIN if seen.stripped else CUT_HEAD
    return bool(area.max(initial=0) and area[top] > limit * area.max())


def _covered(subject: Subject) -> dict[str, float]:
    """Say which part of the brain (of the first volume, or of all on its grid) each shows."""
    shown = subject.shown
    if len(shown) < 2:
        return {}
    first = next(iter(shown))
    same = [key for key in subject.on_grid_of(first) if key in shown]
    # A volume with skull shows more than the brain; the smallest mask is what all should show.
    stripped = [key for key in same if shown[key].stripped]
    brain = _union([shown[key].inside for key in stripped or same])
    count = np.count_nonzero(brain) or 1
    parts = {key: float(np.count_nonzero(_filled(shown[key]) & brain)) / count for key in same}
    others = [key for key in shown if key not in same]
    points = _points(shown[first]) if others else np.empty((0, 3))
    for key in others:
        parts[key] = _share_within(points, subject.volumes[key].grid)
    return parts


def _filled(seen: Coarse) -> NDArray[np.bool_]:
    """Tell where a volume shows anything, air round a head included.

    Where a head's darker tissue ends depends on its contrast; where nothing was measured, or
    nothing was there to resample, voxels have the lowest value exactly.
    """
    if seen.stripped:
        return seen.inside
    filled: NDArray[np.bool_] = seen.array != seen.array.min()
    return filled


def _union(masks: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    together = masks[0].copy()
    for mask in masks[1:]:
        together |= mask
    return together


def _points(seen: Coarse) -> NDArray[np.float64]:
    """Return where the voxels inside are, (n, 3) in LPS mm; every seventh is enough."""
    z, y, x = np.nonzero(seen.inside)
    return seen.grid.index_to_point(np.stack([x, y, z], axis=1)[::7])


def _share_within(points: NDArray[np.float64], grid: Grid) -> float:
    index = grid.point_to_index(points)
    within = np.all((index >= -0.5) & (index <= np.array(grid.size) - 0.5), axis=1)
    return float(np.mean(within)) if len(points) else 1.0
