"""The plane between the halves of the brain, and on which side of it a lesion lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_acs.imaging.grid import Grid

Side = Literal["left", "right", "crossing"]

CROSSING_MM = 2.0
"""A lesion crosses the midline where it reaches further than this into the smaller side: about
the error of an estimated plane at the edge of the brain."""


_ON_PLANE_MM = 1e-6


@dataclass(frozen=True)
class Plane:
    """A plane in patient space.

    Parameters
    ----------
    point_lps_mm : tuple of float
        Any point of it, (x, y, z) in LPS mm.
    normal_lps : tuple of float
        Perpendicular to it, of any length; kept as the unit vector that points to the
        patient's left (of a plane that is no midline: with its first number not negative).

    Raises
    ------
    ValueError
        A number that is not finite, or a normal of length 0.
    """

    point_lps_mm: tuple[float, float, float]
    normal_lps: tuple[float, float, float]

    def __post_init__(self) -> None:
        length = math.hypot(*self.normal_lps)
        finite = all(map(math.isfinite, (*self.point_lps_mm, *self.normal_lps)))
        if not (finite and length > 0):
            raise ValueError(f"no plane: point {self.point_lps_mm}, normal {self.normal_lps}")
        sign = math.copysign(length, self.normal_lps[0])
        a, b, c = (v / sign + 0.0 for v in self.normal_lps)
        object.__setattr__(self, "normal_lps", (a, b, c))

    def distance_mm(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return how far (n, 3) points in LPS mm are to the left; to the right, below 0."""
        offset = np.asarray(points, float) - self.point_lps_mm
        away: NDArray[np.float64] = offset @ np.asarray(self.normal_lps)
        return away

    def mirrored(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return (n, 3) points in LPS mm reflected in the plane."""
        away = self.distance_mm(points)[:, None]
        there: NDArray[np.float64] = points - 2 * away * np.asarray(self.normal_lps)
        return there


@dataclass(frozen=True)
class Sidedness:
    """Where a lesion lies in respect of the midline.

    Attributes
    ----------
    side : {"left", "right", "crossing"}
        The patient's left or right: of the greater part. ``"crossing"`` where the lesion
        reaches more than `CROSSING_MM` beyond the plane on both sides.
    to_midline_mm : float
        From the plane to the nearest voxel's border; 0 where the lesion touches the plane.
    left_part : float
        Part of the volume (0 to 1) whose voxel centres are on the left; half of those on the plane.
    """

    side: Side
    to_midline_mm: float
    left_part: float


def sidedness(mask: NDArray[np.bool_], grid: Grid, plane: Plane) -> Sidedness:
    """Tell on which side of a plane a mask lies, and how far from it.

    Parameters
    ----------
    mask : ndarray of bool, shape (z, y, x)
        Not empty.
    grid : Grid
        Of ``mask``.
    plane : Plane
    """
    x, y, z = np.asarray(plane.normal_lps) @ grid.affine[:3, :3]
    nz, ny, nx = mask.shape
    start = float(plane.distance_mm([grid.origin])[0])
    along = start + np.arange(nz)[:, None, None] * z + np.arange(ny)[:, None] * y
    away = (along + np.arange(nx) * x)[mask]
    away[np.abs(away) < _ON_PLANE_MM] = 0  # on it, but for rounding
    # To the middle of the face that is nearest to the plane, as diameters end there too.
    half = max(abs(x), abs(y), abs(z)) / 2
    left, right = float(away.max()) + half, half - float(away.min())
    part = float((np.count_nonzero(away > 0) + np.count_nonzero(away == 0) / 2) / len(away))
    side: Side = "left" if part >= 0.5 else "right"
    if min(left, right) > CROSSING_MM:
        side = "crossing"
    return Sidedness(side, max(0.0, -left, -right), part)
