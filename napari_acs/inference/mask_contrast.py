"""Whether a reference mask stands out in its images: that of another patient does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.ndimage import distance_transform_edt

from napari_acs.imaging import TITLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging import Study, Volume

LEAST: Final = 0.15
"""How much brighter a whole tumour is than what lies around it, in the brighter of FLAIR and T2, as
part of the range of the head's grey values (5th to 95th percentile), at least.

Of the 26 shared BraTS cases it is 0.28 and more; of their masks turned from left to right 0.10 and
less; of their masks on another one's images below this in 92 % (`benchmarks/mask_contrast.py`).
"""
_SHOWN_BY: Final = ("flair", "t2")
_STEP_MM = 2.0
_AROUND_MM = (2.0, 10.0)
_FEWEST = 20


def doubt_of(study: Study, whole: NDArray[np.bool_], mask: str) -> str:
    """Return a sentence where a mask hardly stands out in its images; else nothing.

    A doubt and no refusal: tumours after surgery, or masks of the core alone, need not stand out.
    Where there is neither FLAIR nor T2, or no background of 0, nothing is told.

    Parameters
    ----------
    study : Study
    whole : ndarray of bool, shape (z, y, x)
        What the mask marks, on the study's grid.
    mask : str
        Its file's name.
    """
    shown = {key: study.sequences[key] for key in _SHOWN_BY if key in study.sequences}
    found = {key: _contrast(volume, whole) for key, volume in shown.items()}
    told = {key: value for key, value in found.items() if value is not None}
    if not told or max(told.values()) >= LEAST:
        return ""
    return (
        f"{mask} hardly stands out in {' and '.join(TITLES[key] for key in told)} of its images: "
        "look at both together. It may be another patient's, turned from left to right, or of a "
        "part of the tumour."
    )


def _contrast(volume: Volume, whole: NDArray[np.bool_]) -> float | None:
    """Return by how much the mask is brighter than what is around it; None where unknown."""
    x, y, z = volume.grid.spacing
    steps = [max(1, round(_STEP_MM / mm)) for mm in (z, y, x)]
    every = tuple(slice(None, None, step) for step in steps)
    image, inside = volume.array[every], whole[every]
    head = image != 0
    inside = inside & head
    if head.all() or np.count_nonzero(inside) < _FEWEST:
        return None
    low, high = np.percentile(image[head], [5, 95])
    box = _box_around(inside, [s * mm for s, mm in zip(steps, (z, y, x), strict=True)])
    away = distance_transform_edt(
        ~inside[box], sampling=[s * mm for s, mm in zip(steps, (z, y, x), strict=True)]
    )
    near = (away > _AROUND_MM[0]) & (away <= _AROUND_MM[1]) & head[box] & ~whole[every][box]
    if np.count_nonzero(near) < _FEWEST or high <= low:
        return None
    bright, around = np.median(image[inside]), np.median(image[box][near])
    return float((bright - around) / (high - low))


def _box_around(inside: NDArray[np.bool_], sides_mm: list[float]) -> tuple[slice, ...]:
    at = np.argwhere(inside)
    first, last = at.min(axis=0), at.max(axis=0)
    more = [int(np.ceil(_AROUND_MM[1] / mm)) + 1 for mm in sides_mm]
    return tuple(
        slice(max(int(a) - m, 0), int(b) + m + 1) for a, b, m in zip(first, last, more, strict=True)
    )
