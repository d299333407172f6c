"""Estimate the plane between the halves of the brain from an image of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage, optimize
from scipy.spatial.transform import Rotation

from napari_acs.errors import BadInput
from napari_acs.imaging.brain import foreground
from napari_acs.imaging.orient import lps_grid, to_lps
from napari_acs.review.measure.plane import Plane

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.imaging.volume import Volume

_STEP_MM = 2.0
_FEWEST_VOXELS = 8
_FEWEST_POINTS = 500
_STARTS_DEG = (-40.0, -30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0, 40.0)
_CLIP = 2.0
_STAGES = ((1500, 4, 0.5, 60), (8000, 1, 0.1, 60), (20_000, 1, 0.05, 40))
"""Points looked at, candidates kept, how closely each is followed (degrees and mm), and for how
many steps. Fewer points in the end, and the few at the brain's surface decide by their sampling."""
_OVERLAP_POWER = 8

DOUBTFUL_OVERLAP = 0.86
"""An estimated plane is not to be trusted where less of the brain falls on brain in its mirror.

Of nine skull-stripped brains 0.948 and more did, of five heads with skull 0.875 and more. Of
TCGA-FG-6692 as the scanner gave it T2 and T1ce (0.88, 0.90) have planes that are 8 degrees apart;
those of FLAIR and T1 (0.84, 0.80) are turned by 17 and 14 degrees against that of T2. Of slabs
that show 30 to 60 % of a brain from one side 0.69 to 0.83 did.
"""

_SHOWN_BEST_IN = ("t1", "t1ce", "t2", "flair")


def sequence_for_midline(grids: Mapping[str, Grid], mask: Grid) -> str | None:
    """Return the sequence of a study that the midline is estimated from, or None.

    One on the mask's grid, if there is any, then T1 before T1ce, T2 and FLAIR. The Correct panel
    and reports both ask here, and neither leaves out the tumour: so that sides and distances are
    the same in both, for every reader, and before and after an edit.

    Parameters
    ----------
    grids : mapping of str to Grid
        Of the study's sequences.
    mask : Grid
    """
    known = [name for name in _SHOWN_BEST_IN if name in grids]
    on_mask = [n for n in known if lps_grid(grids[n]).difference(lps_grid(mask)) is None]
    return next(iter([*on_mask, *known]), None)


@dataclass(frozen=True)
class Midline:
    """An estimated midline plane, and how well the brain mirrors in it.

    Attributes
    ----------
    plane : Plane
    correlation : float
        Of the brain's intensities with their mirror image, -1 to 1 (of clipped z-scores).
    overlap : float
        Part of the brain whose mirror image is brain, 0 to 1.
    """

    plane: Plane
    correlation: float
    overlap: float


def doubt_of(found: Midline) -> str:
    """Return what to say of a midline that is not to be trusted; nothing of another one.

    Parameters
    ----------
    found : Midline
    """
    if found.overlap >= DOUBTFUL_OVERLAP:
        return ""
    return (
        "The midline is doubtful, and with it sides and distances: mirrored in it, "
        f"{found.overlap:.1%} of the head fall on the head, where {DOUBTFUL_OVERLAP:.0%} or more "
        "are expected. The scan may show a part of the head alone, or what is around it."
    )


def estimate_midline(
    image: Volume,
    brain: NDArray[np.bool_] | None = None,
    leave_out: NDArray[np.bool_] | None = None,
) -> Midline:
    """Find the plane in which the brain is most like its own mirror image.

    Maximises one plus the correlation of the image with its reflection, times the eighth power
    of the part of the brain that falls on brain, over the plane's two angles and its offset: from
    81 tilts of up to 40 degrees about the patient's axes, then by Nelder-Mead on more and more
    points. Intensities are z-scores cut off at 2, so that one bright lesion does not decide.

    On T1, T2 and FLAIR of five BraTS 2021 cases (14 images in atlas space, 1 mm) it lay 1.4 to 3.6
    degrees and up to 2.1 mm from the atlas's own plane, most where the tumour had displaced most;
    left out or not, the tumour changed it by 1.4 degrees at most. Copies of the sample that were
    turned by up to 30 degrees and resampled gave the same plane within 1.5 degrees and 1 mm
    (`tests/review/measure/test_midline.py`). ``overlap`` was 0.95 or more each time: one well
    below that is a wrong plane (`doubt_of`). ``correlation`` says less (0.15 to 0.86).

    It is a straight plane through the whole brain, not the falx: a midline that a tumour has
    pushed aside is crossed, and sides are those of the skull.

    Parameters
    ----------
    image : Volume
        One sequence (T1 or T1ce by choice), on any grid, skull-stripped or not.
    brain : ndarray of bool, shape (z, y, x), optional
        On the image's grid. Without it, what is not background: the brain of a skull-stripped
        image, else the head.
    leave_out : ndarray of bool, shape (z, y, x), optional
        Voxels that are not compared, nor their mirror images: the tumour.

    Returns
    -------
    Midline

    Raises
    ------
    BadInput
        There is no brain to see, the image has one value in it, or an array has another shape.
    """
    seen = _look(image, brain, leave_out)
    radius = float(np.linalg.norm(seen.points - seen.centre, axis=1).max())
    found = [np.array([yaw, roll, 0.0]) for yaw in _STARTS_DEG for roll in _STARTS_DEG]
    for points, kept, close, steps in _STAGES:
        part = seen.thinned(points)

        def cost(p: NDArray[np.float64], part: _Seen = part) -> float:
            correlation, overlap = part.likeness(_plane(part, p))
            # Through a bright lesion every plane has a good correlation, but a poor overlap.
            return -(1 + correlation) * overlap**_OVERLAP_POWER

        found = sorted(found, key=cost)[:kept]
        # A degree moves the brain's surface by about as many mm as radius * pi / 180 is.
        scale = np.array([np.degrees(3 / radius)] * 2 + [3.0])
        options = {"xatol": close, "fatol": 1e-5, "maxiter": steps}
        found = [
            optimize.minimize(
                cost, p, method="Nelder-Mead",
                options={**options, "initial_simplex": np.vstack([p, p + np.diag(scale)])},
            ).x
            for p in found
        ]  # fmt: skip
    best = min(found, key=cost)
    plane = _plane(seen, best)
    return Midline(plane, *part.likeness(plane))


@dataclass(frozen=True, eq=False)
class _Seen:
    """The brain at about 2 mm: z-scores on a grid in LPS order, and where brain points are."""

    scores: NDArray[np.float32]
    brain: NDArray[np.float32]
    compared: NDArray[np.bool_]
    grid: Grid
    points: NDArray[np.float64]
    values: NDArray[np.float32]
    counts: NDArray[np.bool_]
    centre: NDArray[np.float64]

    def thinned(self, points: int) -> _Seen:
        step = max(1, len(self.points) // points)
        return replace(
            self,
            points=self.points[::step],
            values=self.values[::step],
            counts=self.counts[::step],
        )

    def likeness(self, plane: Plane) -> tuple[float, float]:
        """Return the correlation with the mirror image, and the part that falls on brain."""
        at = self.grid.point_to_index(plane.mirrored(self.points))[:, ::-1].T
        near = np.rint(at).astype(np.intp)
        outside = (near < 0) | (near >= np.reshape(self.scores.shape, (3, 1)))
        near[outside] = 0
        z, y, x = near
        within = ~outside.any(axis=0)
        # Smoothly, or the search stops wherever a few voxels of the surface come and go.
        overlap = float(ndimage.map_coordinates(self.brain, at, order=1).mean())
        weight = (self.counts & self.compared[z, y, x] & within).astype(np.float32)
        there = ndimage.map_coordinates(self.scores, at, order=1)
        total = float(weight.sum())
        if total <= 0.2 * np.count_nonzero(self.counts):
            return 0.0, overlap
        a = self.values - float(weight @ self.values) / total
        b = there - float(weight @ there) / total
        spread = float(weight @ a**2) * float(weight @ b**2)
        return (float(weight @ (a * b)) / spread**0.5 if spread > 0 else 0.0), overlap


def _plane(seen: _Seen, p: NDArray[np.float64]) -> Plane:
    """Return the plane of a turn about z, then y (degrees), and an offset from the centre (mm)."""
    normal = Rotation.from_euler("zy", [p[0], p[1]], degrees=True).apply([1.0, 0.0, 0.0])
    a, b, c = normal.tolist()
    x, y, z = (seen.centre + p[2] * normal).tolist()
    return Plane((x, y, z), (a, b, c))


def _look(
    image: Volume, brain: NDArray[np.bool_] | None, leave_out: NDArray[np.bool_] | None
) -> _Seen:
    array = image.array
    for mask in (brain, leave_out):
        if mask is not None and mask.shape != array.shape:
            raise BadInput(
                "The midline cannot be estimated",
                found=f"a mask of {mask.shape} for an image of {array.shape}",
                expected="one grid",
            )
    if min(array.shape) < _FEWEST_VOXELS:
        raise _nothing(f"only {min(array.shape)} voxel(s) along one axis")
    grid = lps_grid(image.grid)
    step = tuple(max(1, round(_STEP_MM / mm)) for mm in reversed(grid.spacing))
    coarse = _coarse_grid(grid, step)
    raw = _means(to_lps(array, image.grid), step)
    if not np.isfinite(raw).all():
        raise _nothing("NaN or Inf in its voxels")
    inside = foreground(raw) if brain is None else _means(to_lps(brain, image.grid), step) > 0.5
    if np.count_nonzero(inside) < _FEWEST_POINTS:
        raise _nothing(f"{np.count_nonzero(inside)} voxels of brain at {_STEP_MM:g} mm")
    values = raw[inside]
    low, high = np.percentile(values, (1, 99))
    values = np.clip(values, low, high)
    deviation = float(values.std())
    if not deviation > 0:
        raise _nothing(f"the value {low:g} throughout the brain")
    scores = np.where(inside, np.clip((raw - values.mean()) / deviation, -_CLIP, _CLIP), 0)
    counted = inside.copy()
    if leave_out is not None:
        counted &= _means(to_lps(leave_out, image.grid), step) == 0
    index = np.argwhere(inside)
    points = coarse.index_to_point(index[:, ::-1])
    # In an order without a pattern, so that every n-th point is a fair sample of the brain.
    shuffled = np.random.default_rng(0).permutation(len(points))
    where = tuple(index[shuffled].T)
    scores = scores.astype(np.float32)
    return _Seen(
        scores, inside.astype(np.float32), counted, coarse,
        points[shuffled], scores[where], counted[where], points.mean(axis=0),
    )  # fmt: skip


def _means(array: NDArray[Any], step: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the means of blocks of voxels; what is left over at the far ends is dropped."""
    z, y, x = (n // s for n, s in zip(array.shape, step, strict=True))
    blocks = array[: z * step[0], : y * step[1], : x * step[2]]
    shaped = blocks.reshape(z, step[0], y, step[1], x, step[2])
    return np.asarray(shaped.mean(axis=(1, 3, 5), dtype=np.float32), np.float32)


def _coarse_grid(grid: Grid, step: tuple[int, ...]) -> Grid:
    sz, sy, sx = step
    nx, ny, nz = grid.size[0] // sx, grid.size[1] // sy, grid.size[2] // sz
    mx, my, mz = grid.spacing
    first = grid.moved([(sx - 1) / 2, (sy - 1) / 2, (sz - 1) / 2], (nx, ny, nz))
    return replace(first, spacing=(mx * sx, my * sy, mz * sz))


def _nothing(found: str) -> BadInput:
    return BadInput(
        "The midline cannot be estimated",
        found=found,
        expected="an image of the head or brain",
        do="Choose another sequence, or give the plane by hand",
    )
