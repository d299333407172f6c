"""Where an array's voxels are in the patient: size, spacing, origin and direction."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_SAME_PLACE = 0.01
"""Two grids are one when no corner is further apart than this part of the smallest spacing.

A NIfTI header keeps three numbers of a quaternion in float32; near a half turn the fourth is
only good to about 3e-4, which is some hundredths of a millimetre at the edge of the head.
"""
_ORTHONORMAL = 1e-4
"""How far ``direction @ direction.T`` may be from the identity (float32 headers: about 1e-6)."""


@dataclass(frozen=True)
class Grid:
    """A regular grid of voxels in patient space; geometry without voxels.

    Two grids are equal (``==``) when every number is the same, bit for bit; use `difference`
    to compare grids that went through the headers of different formats.

    Parameters
    ----------
    size : tuple of int
        Voxels along x, y, z (the order of SimpleITK; arrays have the shape (z, y, x)).
    spacing : tuple of float
        Distance of voxel centres along x, y, z in mm.
    origin : tuple of float
        Centre of voxel (0, 0, 0) in LPS mm (x to the patient's left, y to the back, z up).
    direction : tuple of float
        Direction cosines, 3x3 row-major; column ``i`` is the unit vector of index axis ``i``.

    Raises
    ------
    ValueError
        A size below one, a spacing that is not a positive number, an origin that is not
        finite, or directions that are not perpendicular unit vectors (a sheared grid).
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    direction: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", tuple(map(int, self.size)))
        for field in ("spacing", "origin", "direction"):
            # Adding 0 makes -0.0 a 0.0: equal grids must also print and hash the same.
            object.__setattr__(self, field, tuple(float(v) + 0.0 for v in getattr(self, field)))
        if len(self.size) != 3 or min(self.size) < 1:
            raise ValueError(f"a size of {self.size} (three positive numbers are needed)")
        if len(self.spacing) != 3 or not all(math.isfinite(s) and s > 0 for s in self.spacing):
            raise ValueError(f"a voxel spacing of {_numbers(self.spacing)} mm")
        if len(self.origin) != 3 or not all(map(math.isfinite, self.origin)):
            raise ValueError(f"an origin of {_numbers(self.origin)} mm")
        if len(self.direction) != 9 or not all(map(math.isfinite, self.direction)):
            raise ValueError(f"a direction of {_numbers(self.direction)}")
        cosines = np.reshape(self.direction, (3, 3))
        if np.abs(cosines.T @ cosines - np.eye(3)).max() > _ORTHONORMAL:
            raise ValueError("voxel axes that are not perpendicular (a sheared grid)")

    @classmethod
    def from_image(cls, image: Any) -> Grid:
        """Take the grid of a 3D SimpleITK image (or of a reader that has read its header)."""
        return cls(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape (z, y, x)."""
        x, y, z = self.size
        return z, y, x

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in ml."""
        return math.prod(self.spacing) / 1000.0

    @property
    def affine(self) -> NDArray[np.float64]:
        """4x4 matrix that takes an index (x, y, z, 1) to LPS mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = np.reshape(self.direction, (3, 3)) * np.asarray(self.spacing)
        matrix[:3, 3] = self.origin
        return matrix

    def index_to_point(self, indices: ArrayLike) -> NDArray[np.float64]:
        """Take (n, 3) continuous indices in x, y, z order to (n, 3) points in LPS mm."""
        matrix = self.affine
        moved: NDArray[np.float64] = np.asarray(indices, float) @ matrix[:3, :3].T + matrix[:3, 3]
        return moved

    def point_to_index(self, points: ArrayLike) -> NDArray[np.float64]:
        """Take (n, 3) points in LPS mm to (n, 3) continuous indices in x, y, z order."""
        matrix = self.affine
        offsets = np.asarray(points, float) - matrix[:3, 3]
        return np.linalg.solve(matrix[:3, :3], offsets.T).T.astype(np.float64, copy=False)

    def corners(self) -> NDArray[np.float64]:
        """Return the centres of the eight corner voxels, (8, 3) in LPS mm."""
        return self.index_to_point(list(itertools.product(*((0, n - 1) for n in self.size))))

    def crop(self, box: tuple[slice, slice, slice]) -> Grid:
        """Return the grid of ``array[box]``; slices in array order (z, y, x), step one."""
        start = [s.start for s in reversed(box)]
        x, y, z = (s.stop - s.start for s in reversed(box))
        return self.moved(start, (x, y, z))

    def moved(self, index: ArrayLike, size: tuple[int, int, int]) -> Grid:
        """Return this grid with another size, its first voxel at ``index`` (x, y, z)."""
        x, y, z = self.index_to_point([np.asarray(index, float)])[0].tolist()
        return replace(self, size=size, origin=(x, y, z))

    def difference(self, other: Grid) -> str | None:
        """Say in words how two grids differ beyond the rounding of file headers.

        Returns
        -------
        str or None
            None when the sizes are equal and no corner voxel is further from its counterpart
            than a hundredth of the smallest spacing.
        """
        if self.size != other.size:
            return f"size {_by(self.size)} against {_by(other.size)} voxels"
        apart = float(np.linalg.norm(self.corners() - other.corners(), axis=1).max())
        if apart <= _SAME_PLACE * min(*self.spacing, *other.spacing):
            return None
        if not np.allclose(self.spacing, other.spacing, rtol=1e-4, atol=0):
            return f"voxel spacing {_by(self.spacing)} against {_by(other.spacing)} mm"
        turn = np.reshape(self.direction, (3, 3)).T @ np.reshape(other.direction, (3, 3))
        if not np.allclose(turn, np.eye(3), atol=1e-3):
            if np.allclose(turn, np.rint(turn), atol=1e-3):
                return "the voxel axes run in other directions (flipped or swapped)"
            angle = math.degrees(math.acos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
            return f"the voxel axes are turned by {angle:.1f} degrees"
        return f"the same size, but corners lie up to {apart:.3g} mm apart"


def _by(values: tuple[int, ...] | tuple[float, ...]) -> str:
    return " x ".join(f"{value:g}" for value in values)


def _numbers(values: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{value:g}" for value in values) + ")"
