"""Rigid moves as 4x4 matrices in LPS mm, and the search for the best one at one resolution."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from napari_acs.imaging.cancel import Cancelled, never

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Matrix = NDArray[np.float64]

_BINS = 32
_SMALLEST_STEP_MM = 0.01
_SEED = 20_021


def shift(offset: ArrayLike) -> Matrix:
    """Return the matrix that moves points by an offset (x, y, z) in mm."""
    matrix = np.eye(4)
    matrix[:3, 3] = np.asarray(offset, float)
    return matrix


def turn(radians: ArrayLike, centre: ArrayLike) -> Matrix:
    """Return the rotation about a centre (LPS mm) by Euler angles in ITK's order (Z X Y)."""
    x, y, z = (float(v) for v in np.asarray(radians, float))
    return to_matrix(sitk.Euler3DTransform([float(c) for c in np.asarray(centre)], x, y, z))


def mirror(centre: ArrayLike, normal: ArrayLike) -> Matrix:
    """Return the reflection in the plane through a point (LPS mm) with this unit normal."""
    n = np.asarray(normal, float)
    matrix = np.eye(4)
    matrix[:3, :3] -= 2 * np.outer(n, n)
    matrix[:3, 3] = 2 * n * float(n @ np.asarray(centre, float))
    return matrix


def move(points: ArrayLike, matrix: Matrix) -> Matrix:
    """Take (n, 3) points in LPS mm through a matrix."""
    moved: Matrix = np.asarray(points, float) @ matrix[:3, :3].T + matrix[:3, 3]
    return moved


def turned_deg(matrix: Matrix) -> float:
    """Return the angle of a matrix's rotation in degrees, 0 to 180."""
    # By both sine and cosine: the arc cosine alone is blind below 1e-6 degrees squared.
    r = matrix[:3, :3]
    sine = np.linalg.norm([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    return math.degrees(math.atan2(float(sine), float(np.trace(r)) - 1))


def to_transform(matrix: Matrix, centre: ArrayLike = (0.0, 0.0, 0.0)) -> Any:
    """Return SimpleITK's ``Euler3DTransform`` that does what the matrix does.

    Parameters
    ----------
    matrix : ndarray, shape (4, 4)
    centre : sequence of float
        Centre of rotation that an optimiser shall turn about, LPS mm.
    """
    # From the nearest rotation: ITK refuses what is off by rounding.
    u, _, v = np.linalg.svd(matrix[:3, :3])
    c = np.asarray(centre, float)
    transform = sitk.Euler3DTransform()
    transform.SetCenter(c.tolist())
    transform.SetMatrix((u @ v).ravel().tolist(), 1e-6)
    transform.SetTranslation((move([c], matrix)[0] - c).tolist())
    return transform


def to_matrix(transform: Any) -> Matrix:
    """Return the 4x4 matrix of a SimpleITK ``Euler3DTransform``."""
    rotation = np.reshape(transform.GetMatrix(), (3, 3))
    centre = np.asarray(transform.GetCenter())
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = np.asarray(transform.GetTranslation()) + centre - rotation @ centre
    return matrix


def refine(
    fixed: Any,
    moving: Any,
    start: Matrix,
    centre: ArrayLike,
    step_mm: float,
    *,
    mask: Any = None,
    samples: int = 60_000,
    iterations: int = 100,
    cancelled: Callable[[], bool] = never,
) -> tuple[Matrix, str] | None:
    """Climb from a start to the nearest maximum of Mattes' mutual information.

    Regular-step gradient descent, each parameter scaled by how far it moves voxels (Mattes
    2003; ITK's ``ImageRegistrationMethodv4``). Sample points are drawn with a fixed seed and
    summed on one thread: with more, the order of a sum changes from run to run, and so do its
    last digits and, after some steps, the result.

    Parameters
    ----------
    fixed, moving : SimpleITK float32 images
    start : ndarray, shape (4, 4)
        Point of fixed to point of moving.
    centre : sequence of float
        Centre of rotation in fixed, LPS mm.
    step_mm : float
        Length of the first step.
    mask : SimpleITK uint8 image, optional
        Where in fixed to take sample points.
    samples : int
        Of fixed's voxels so many are drawn, or all.
    iterations : int
    cancelled : callable
        Asked after every step.

    Returns
    -------
    tuple of ndarray and str, or None
        The matrix and why the optimiser ended; None when too few sample points meet moving.

    Raises
    ------
    Cancelled
    """
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfWorkUnits(1)
    method.SetMetricAsMattesMutualInformation(_BINS)
    if mask is not None:
        method.SetMetricFixedMask(mask)
    part = samples / fixed.GetNumberOfPixels()
    if part < 1:
        method.SetMetricSamplingStrategy(method.RANDOM)
        method.SetMetricSamplingPercentage(part, _SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        step_mm, _SMALLEST_STEP_MM, iterations, 0.7, 1e-8, method.Never
    )
    method.SetOptimizerScalesFromPhysicalShift()
    transform = to_transform(start, centre)
    method.SetInitialTransform(transform, True)
    stopped = False

    def watch() -> None:
        nonlocal stopped
        if cancelled():
            stopped = True
            method.StopRegistration()

    method.AddCommand(sitk.sitkIterationEvent, watch)
    try:
        done = method.Execute(fixed, moving)
    except RuntimeError:
        # "All samples map outside moving image buffer": this start was none.
        return None
    if stopped:
        raise Cancelled
    matrix = to_matrix(sitk.Euler3DTransform(done))
    if not np.isfinite(matrix).all():
        return None
    said = method.GetOptimizerStopConditionDescription()
    return matrix, said.removeprefix("RegularStepGradientDescentOptimizerv4: ").strip()
