"""Apply each slice's rescale slope and intercept, and keep the smallest type that is exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.frame import Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EXACT_FLOAT32 = 1 << 24


class Rescale:
    """The rescale of one volume.

    Parameters
    ----------
    title : str
        What to call the series in a refusal.
    frames : sequence of Frame

    Raises
    ------
    BadInput
        A slope or an intercept that is no finite number, or a slope of 0.
    """

    def __init__(self, title: str, frames: Sequence[Frame]) -> None:
        self._title = title
        pairs = {(frame.slope, frame.intercept) for frame in frames}
        for slope, intercept in pairs:
            # Beyond 1e9 float32 has no room left for the differences between voxels.
            if (
                slope is None
                or intercept is None
                or not 1e-30 < abs(slope) < 1e9
                or abs(intercept) > 1e12
            ):
                raise BadInput(
                    f"{title} cannot be scaled",
                    found=f"a RescaleSlope of {slope} and a RescaleIntercept of {intercept}",
                    expected="two ordinary numbers, the slope not 0",
                    do="Export the series again",
                )
        self._none = pairs == {(1.0, 0.0)}
        self._whole = all(
            isinstance(v, float) and v == int(v) and abs(v) < 1 << 31 for p in pairs for v in p
        )
        # 16 stored bits times a large slope may not fit 32 bits.
        largest = max(abs(v or 0.0) for p in pairs for v in p)
        self._integer = self._whole and largest < 1 << 14
        self._stored: np.dtype[Any] = np.dtype(np.int16)

    def working_dtype(self, stored: np.dtype[Any]) -> np.dtype[Any]:
        """Return the type to collect slices in, which are stored as ``stored``."""
        self._stored = stored
        if self._none:
            return stored
        if self._integer and stored.itemsize <= 2:
            return np.dtype(np.int32)
        return np.dtype(np.float64 if self._whole else np.float32)

    def apply(self, values: NDArray[np.generic], frame: Frame) -> NDArray[Any]:
        """Return a slice's real values: stored x slope + intercept."""
        if self._none:
            return values
        if self._integer and values.dtype.itemsize <= 2:
            slope, intercept = int(frame.slope or 0), int(frame.intercept or 0)
            return values.astype(np.int32) * slope + intercept
        return values.astype(np.float64) * (frame.slope or 0.0) + (frame.intercept or 0.0)

    def settle(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return all slices in the type to keep.

        Raises
        ------
        BadInput
            The values do not fit any.
        """
        if self._none:
            return array
        if self._whole:
            low, high = float(array.min()), float(array.max())
            for dtype in (self._stored, np.dtype(np.int16)):
                limits = np.iinfo(dtype)
                if limits.min <= low and high <= limits.max:
                    return array.astype(dtype)
            if max(-low, high) > _EXACT_FLOAT32 and low >= -(1 << 31) and high < 1 << 31:
                return array.astype(np.int32)
            array = array.astype(np.float32)
        if not np.isfinite(array.sum(dtype=np.float64)):
            raise BadInput(f"{self._title} cannot be scaled", found="values that overflow")
        return array
