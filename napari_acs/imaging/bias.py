"""Take the slow shading of the coils out of an image (N4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from napari_acs.errors import BadInput
from napari_acs.imaging.brain import foreground
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.imaging.step import Step
from napari_acs.imaging.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIELD_MM = 4.0
"""The field is smooth over centimetres: voxels of 4 mm show all of it."""
_LEVELS = ((4, 50), (5, 50))
"""Control points along each axis and most iterations: the first two of N4's levels, some 100 mm
from point to point. The finer ones take a large oedema for shading: on the native LGG case the
tumour's FLAIR fell from 1.47 to 1.14 of the brain's median with four levels, to 1.44 with two."""
_PIECE = 5


def correct_bias(
    volume: Volume,
    mask: NDArray[np.bool_] | None = None,
    *,
    cancelled: Callable[[], bool] = never,
) -> Volume:
    """Divide an image by the smooth shading that N4 finds in it (Tustison 2010).

    The field is estimated on about every 4th millimetre's voxels and evaluated on all of them
    from its logarithm. Its mean logarithm over the mask is 0, so that intensities keep their scale.

    Parameters
    ----------
    volume : Volume
        Intensities that are 0 or more where there is tissue.
    mask : ndarray of bool, shape (z, y, x), optional
        Where to estimate the field; the head or brain when left out (see
        `napari_acs.imaging.brain.foreground`).
    cancelled : callable
        Asked after every few iterations.

    Returns
    -------
    Volume
        float32 on the same grid; a step ``"bias corrected"`` in its history. 0 stays 0.

    Raises
    ------
    BadInput
        No voxel of the mask is above 0, or the mask has another shape.
    Cancelled
    """
    stop_if(cancelled)
    array = np.ascontiguousarray(volume.array, dtype=np.float32)
    inside = foreground(volume.array) if mask is None else np.asarray(mask, bool)
    if inside.shape != array.shape:
        raise BadInput(
            "The mask does not fit the image",
            found=f"shape {inside.shape}",
            expected=f"{array.shape}",
        )
    inside = inside & (array > 0)  # N4 takes the logarithm
    if not inside.any():
        raise BadInput("The shading cannot be corrected", found="no voxel above 0 in the mask")
    image, where = _image(array, volume), _image(inside.astype(np.uint8), volume)
    factors = [max(1, round(_FIELD_MM / s)) for s in volume.grid.spacing]
    factors = [min(f, max(1, n // 4)) for f, n in zip(factors, volume.grid.size, strict=True)]
    small = sitk.Shrink(where, factors)
    if not sitk.GetArrayViewFromImage(small).any():
        factors, small = [1, 1, 1], where
    log_field = _log_field(sitk.Shrink(image, factors), small, image, cancelled)
    log_field -= float(log_field[inside].mean(dtype=np.float64))
    # Far from the mask the splines say nothing: no stronger there than anywhere inside it.
    low, high = float(log_field[inside].min()), float(log_field[inside].max())
    np.clip(log_field, low, high, out=log_field)
    # Shading scales what is above 0; a background below it (see `strip`) must stay one value.
    corrected = np.where(array > 0, array / np.exp(log_field), array)
    step = Step(
        "bias corrected",
        f"N4, SimpleITK {sitk.Version_VersionString()}",
        details={
            "shrunk_by": factors,
            "levels": [list(level) for level in _LEVELS],
            "field_range": [float(np.exp(low)), float(np.exp(high))],
        },
    )
    return replace(volume, array=corrected, history=(*volume.history, step))


def _log_field(
    small: Any, mask: Any, image: Any, cancelled: Callable[[], bool]
) -> NDArray[np.float32]:
    """Fit the field level by level, a few iterations at a time, and evaluate it on ``image``.

    SimpleITK's N4 does not heed Abort, so it is run in short pieces: each goes on with the
    image that the ones before have corrected, and the logarithms of their fields add up.
    """
    log_field = sitk.Image(small.GetSize(), sitk.sitkFloat32)
    log_field.CopyInformation(small)
    for points, iterations in _LEVELS:
        for _ in range(0, iterations, _PIECE):
            stop_if(cancelled)
            method = sitk.N4BiasFieldCorrectionImageFilter()
            method.SetNumberOfControlPoints([points] * 3)
            method.SetMaximumNumberOfIterations([_PIECE])
            method.Execute(small / sitk.Exp(log_field), mask)
            log_field += method.GetLogBiasFieldAsImage(small)
            if method.GetElapsedIterations() < _PIECE:
                break  # converged
    stop_if(cancelled)
    whole = sitk.ResampleImageFilter()
    whole.SetReferenceImage(image)
    whole.SetInterpolator(sitk.sitkBSpline)
    whole.UseNearestNeighborExtrapolatorOn()
    field: NDArray[np.float32] = sitk.GetArrayFromImage(whole.Execute(log_field))
    return field


def _image(array: NDArray[Any], volume: Volume) -> Any:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(volume.grid.spacing)
    image.SetOrigin(volume.grid.origin)
    image.SetDirection(volume.grid.direction)
    return image
