"""Where the brain is, and its intensities on one scale. Only numpy, but for heads with skull."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.volume import Volume

Normalisation = Literal[
    "brain-zscore", "nonzero-zscore", "zscore", "nonzero-zscore-shifted", "positive-zscore-shifted"
]
"""How intensities are scaled: the first two by `normalise`, the others as in `shifted`."""

EXTRACTED = "brain extracted"
"""The name of the step that cuts the brain out."""

CLIP = 5.0
"""Normalised intensities are cut off at this many standard deviations."""

_EMPTY_PART = 1 / 3
"""A constant background covers more than this of a skull-stripped volume, even cropped tightly."""
_DARK = 0.1
"""Air is nearer to the background than this part of the bright tissues (99th percentile)."""
_AIR_PART = 0.25
"""More of what is not background is as dark as air: a head. In 26 stripped cases, 4 sequences
each, at most 0.08 of it was; in heads with skull, padded with zeros or not, 0.39 to 0.58."""
_BELOW_PART = 0.1
"""More of it is clearly below the background: a brain whose middle is 0."""
_LARGEST_BRAIN_ML = 2500.0
_SAMPLE = 400_000
"""About so many voxels tell the share of air as well as all do."""


def is_skull_stripped(array: NDArray[Any], voxel_ml: float | None = None) -> bool:
    """Tell whether a volume shows a brain on an empty background.

    It does when one corner value (0 as a rule, the minimum in z-scored images) fills over a
    third of it, and the rest is a brain: a head that was resampled into a larger box or whose
    empty slices are 0 has a third of zeros too, but still air round it, much of it as dark as
    the background. A head whose air was set to 0 has no air, only more volume than any brain.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
    voxel_ml : float, optional
        Volume of a voxel in ml; left out, the volume is not looked at.
    """
    background = corner_value(array)
    count = int(np.count_nonzero(array != background))
    if count >= (1 - _EMPTY_PART) * array.size:
        return False
    if voxel_ml is not None and count * voxel_ml > _LARGEST_BRAIN_ML:
        return False
    return not _has_air(array, background)


def shows_skull(volume: Volume) -> bool:
    """Tell whether a volume still shows the skull, by what it shows and what was done to it."""
    return not _was_stripped(volume) and not is_skull_stripped(volume.array, volume.grid.voxel_ml)


def foreground_of(volume: Volume) -> NDArray[np.bool_]:
    """Tell the voxels of the brain or the head as `foreground` does; exactly, after `strip`."""
    if _was_stripped(volume):
        inside: NDArray[np.bool_] = volume.array != corner_value(volume.array)
        return inside
    return foreground(volume.array, volume.grid.voxel_ml)


def _was_stripped(volume: Volume) -> bool:
    return any(step.name == EXTRACTED for step in volume.history)


def foreground(array: NDArray[Any], voxel_ml: float | None = None) -> NDArray[np.bool_]:
    """Tell the voxels of the brain (skull-stripped volumes) or the head (others).

    In a skull-stripped volume (see `is_skull_stripped`) all that is not background. Otherwise
    the head is what Otsu's threshold finds, with its holes filled (Otsu 1979).

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
    voxel_ml : float, optional
        See `is_skull_stripped`.

    Returns
    -------
    ndarray of bool, shape (z, y, x)
    """
    if is_skull_stripped(array, voxel_ml):
        inside: NDArray[np.bool_] = array != corner_value(array)
        return inside
    import SimpleITK as sitk  # noqa: PLC0415  (only heads with skull)

    image = sitk.GetImageFromArray(np.ascontiguousarray(array, dtype=np.float32))
    head = sitk.BinaryFillhole(sitk.OtsuThreshold(image, 0, 1, 256))
    return sitk.GetArrayFromImage(head).astype(bool)


def _has_air(array: NDArray[Any], background: Any) -> bool:
    step = max(1, round((array.size / _SAMPLE) ** (1 / 3)))
    sample = array[::step, ::step, ::step]
    rest = sample[sample != background].astype(np.float32) - np.float32(background)
    if not rest.size:
        return False
    dark = _DARK * np.percentile(np.abs(rest), 99)
    if np.count_nonzero(rest < -dark) > _BELOW_PART * rest.size:
        return False  # z-scored with 0 outside: 0 is a value like any other in such a brain
    return bool(np.count_nonzero(np.abs(rest) < dark) > _AIR_PART * rest.size)


def corner_value(array: NDArray[Any]) -> Any:
    """Return the value that most of the eight corners have: the background, or air."""
    corners = array[:: array.shape[0] - 1 or 1, :: array.shape[1] - 1 or 1][
        ..., :: array.shape[2] - 1 or 1
    ]
    values, counts = np.unique(corners, return_counts=True)
    return values[counts.argmax()]


def brain_box(
    foregrounds: Sequence[NDArray[np.bool_]], margin: Sequence[int] = (0, 0, 0)
) -> tuple[slice, slice, slice]:
    """Return the box round the voxels that are foreground in any sequence.

    Parameters
    ----------
    foregrounds : sequence of ndarray of bool, shape (z, y, x)
    margin : sequence of int
        Voxels to add on both sides along z, y, x; the box stays within the array.

    Returns
    -------
    tuple of slice
        Along z, y, x; the whole array where nothing is foreground.
    """
    box = []
    shape = foregrounds[0].shape
    for axis, (length, extra) in enumerate(zip(shape, margin, strict=True)):
        others = tuple(i for i in range(3) if i != axis)
        used = np.zeros(length, bool)
        for inside in foregrounds:
            used |= inside.any(axis=others)
        where = np.flatnonzero(used)
        first, last = (int(where[0]), int(where[-1])) if where.size else (0, length - 1)
        box.append(slice(max(first - extra, 0), min(last + 1 + extra, length)))
    return box[0], box[1], box[2]


def normalise(
    array: NDArray[Any], inside: NDArray[np.bool_], method: Normalisation = "brain-zscore"
) -> NDArray[np.float32]:
    """Scale intensities to mean 0 and standard deviation 1 over the brain.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        Intensities, any real type.
    inside : ndarray of bool, shape (z, y, x)
        The brain; see `foreground`.
    method : {"brain-zscore", "nonzero-zscore"}
        The first cuts the brain's values off at their 0.5 and 99.5 percentiles before their
        mean and standard deviation are taken, and at +-`CLIP` after; the second does neither, as
        MONAI's ``NormalizeIntensity(nonzero=True, channel_wise=True)``.

    Returns
    -------
    ndarray of float32, shape (z, y, x)
        0 outside the brain; all 0 where the brain is empty or of one value.
    """
    scaled = np.zeros(array.shape, np.float32)
    values = array[inside].astype(np.float32)
    if values.size:
        if method == "brain-zscore":
            low, high = np.percentile(values, (0.5, 99.5))
            np.clip(values, low, high, out=values)
        mean, spread = values.mean(dtype=np.float64), values.std(dtype=np.float64)
        if spread > 0:
            values = (values - mean) / spread
            scaled[inside] = np.clip(values, -CLIP, CLIP) if method == "brain-zscore" else values
    return scaled
