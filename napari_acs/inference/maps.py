"""Region probabilities as they are kept: half precision, and only where anything is likely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.inference.cleaning import Cleaned, clean
from napari_acs.inference.regions import labels_from_regions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.models.spec import Region

Box = tuple[slice, slice, slice]

LEAST = 0.01
"""The box that is kept holds every voxel where the outermost region is this likely (or as likely as
its threshold, where that is lower); others count as 0. No threshold can be set lower."""


@dataclass(frozen=True, eq=False)
class RegionMaps:
    """Probabilities of nested regions on a study's grid, cut down to a box.

    Attributes
    ----------
    names : tuple of str
        Of the regions, outermost first.
    values : ndarray of float16, shape (r, z, y, x)
        In the box; read-only, non-increasing along the first axis.
    box : tuple of slice
        Where it lies in the grid, axes z, y, x.
    shape : tuple of int
        Of the whole grid, (z, y, x).
    voxel_ml : float
        Volume of a voxel of the grid, in ml.
    """

    names: tuple[str, ...]
    values: NDArray[np.float16]
    box: Box
    shape: tuple[int, int, int]
    voxel_ml: float

    def whole(self, name: str) -> NDArray[np.float16]:
        """Return one region's map on the whole grid, shape (z, y, x), 0 outside the box."""
        return self.spread(self.values[self.names.index(name)])

    def spread(self, part: NDArray[Any]) -> NDArray[Any]:
        """Return an array of the box, shape (z, y, x), on the whole grid, 0 outside."""
        whole = np.zeros(self.shape, part.dtype)
        whole[self.box] = part
        return whole

    def labels_in_box(
        self, regions: Sequence[Region], thresholds: Mapping[str, float] | None = None
    ) -> NDArray[np.uint8]:
        """Return the label map in the box at these thresholds (a region's own where not named).

        Raises
        ------
        ValueError
            The regions are not those of the maps.
        """
        return self.cleaned_in_box(regions, thresholds).labels

    def cleaned_in_box(
        self, regions: Sequence[Region], thresholds: Mapping[str, float] | None = None
    ) -> Cleaned:
        """Return the same label map, and what is given up in it because it is too small.

        Raises
        ------
        ValueError
            The regions are not those of the maps.
        """
        if tuple(region.name for region in regions) != self.names:
            raise ValueError(f"maps of {self.names} for regions {[r.name for r in regions]}")
        wanted = thresholds or {}
        asked = [
            region.model_copy(update={"threshold": wanted.get(region.name, region.threshold)})
            for region in regions
        ]
        return clean(labels_from_regions(self.values, asked), asked, self.voxel_ml)
