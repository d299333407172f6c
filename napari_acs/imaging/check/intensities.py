"""Whether the grey values are those of an image."""

from __future__ import annotations

import numpy as np

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.check.subject import Subject, title, titles
from napari_acs.imaging.coarse import Coarse
from napari_acs.imaging.volume import Volume

SATURATED = 0.01
"""Part of the brain or head at the highest value, above which the image is cut off there. (The
shared 8-bit cases, cut at their 99.9th percentile: up to 0.0013.)"""
EMPTY = 0.02
"""Part of the volume that shows something, below which it is almost empty. (Shared cases: 0.12
and more.)"""
_GREY_LEVELS = 256


def intensities(subject: Subject) -> CheckLine:
    """NaN, Inf and one value everywhere are red; saturated or nearly empty images amber."""
    broken, doubtful, eight_bit = [], [], []
    for key, volume in subject.volumes.items():
        fault = _broken(volume)
        if fault:
            broken.append(f"{title(key)} {fault}")
            continue
        seen = subject.seen[key]
        if seen is None:
            continue
        doubtful += [f"{title(key)} {what}" for what in _doubtful(seen)]
        if _is_eight_bit(seen):
            eight_bit.append(key)
    if broken:
        return CheckLine(
            "intensities",
            "red",
            "A volume holds no image",
            "; ".join(broken),
            "Export this sequence again",
        )
    if doubtful:
        return CheckLine(
            "intensities",
            "amber",
            "Grey values are cut off or nearly all empty",
            "; ".join(doubtful),
            "Export the original values, not a picture with a display window",
        )
    note = f"{titles(eight_bit)}: {_GREY_LEVELS} grey levels only (8-bit)" if eight_bit else ""
    return CheckLine("intensities", "green", "Grey values are those of an image", note)


def _broken(volume: Volume) -> str:
    array = volume.array
    if array.dtype.kind not in "iufb":
        return f"holds voxels of type {array.dtype}, not numbers"
    # NaN goes through minimum and maximum, so two passes answer all three questions.
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        odd = int(np.count_nonzero(~np.isfinite(array)))
        return f"holds NaN or Inf in {odd} voxel(s)"
    return f"holds the value {low:g} in every voxel" if low == high else ""


def _doubtful(seen: Coarse) -> list[str]:
    found = []
    inside = seen.array[seen.inside]
    if inside.size < EMPTY * seen.inside.size:
        found.append(f"is almost empty ({inside.size / seen.inside.size:.1%} shows something)")
    elif inside.size:
        top = float(np.count_nonzero(inside == inside.max())) / inside.size
        if top > SATURATED:
            found.append(f"is cut off at its brightest value ({top:.1%} of the voxels)")
    return found


def _is_eight_bit(seen: Coarse) -> bool:
    array = seen.array
    if array.min() < 0 or array.max() >= _GREY_LEVELS:
        return False
    return bool(np.array_equal(array, np.rint(array)))
