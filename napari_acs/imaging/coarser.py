"""A grid of another spacing over the same space, and the smoothing that coarsening needs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from napari_acs.imaging.grid import Grid

_SMALLEST = 16
"""Networks need this many voxels along each axis; thinner boxes get empty space around them."""
_SMOOTH_FROM = 1.05
"""Coarsening by less than this needs no smoothing."""


def covering(grid: Grid, spacing_mm: Sequence[float]) -> Grid:
    """Return a grid of this spacing round the same centre that covers all of ``grid``."""
    sx, sy, sz = (float(s) for s in spacing_mm)
    # A hair less than the exact ratio: at the same spacing the size must stay the same.
    nx, ny, nz = (
        max(math.ceil(n * old / new - 1e-6), _SMALLEST)
        for n, old, new in zip(grid.size, grid.spacing, (sx, sy, sz), strict=True)
    )
    first = [
        # At the same spacing voxels stay on voxels, also where empty ones are added around.
        -((m - n) // 2)
        if math.isclose(new, old, rel_tol=1e-6)
        else (n - 1) / 2 - (m - 1) / 2 * new / old
        for n, m, old, new in zip(grid.size, (nx, ny, nz), grid.spacing, (sx, sy, sz), strict=True)
    ]
    ox, oy, oz = grid.index_to_point([first])[0].tolist()
    return Grid((nx, ny, nz), (sx, sy, sz), (ox, oy, oz), grid.direction)


def smoothing(grid: Grid, target: Grid) -> list[float]:
    """Return the variance (x, y, z; voxels squared) that axes are smoothed with to get coarser."""
    factors = [new / old for old, new in zip(grid.spacing, target.spacing, strict=True)]
    return [(f * f - 1) / 2.355**2 if f > _SMOOTH_FROM else 0.0 for f in factors]
