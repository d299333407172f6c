"""Regions and parts that a model's card calls too small to be believed are given up. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.models.spec import LabelClass, Region

_TOUCHING = np.ones((3, 3, 3), bool)
"""Voxels hang together across faces, edges and corners, as in `places`."""

_ROUNDING = 1e-6
"""Spacings are rounded in files: 50 voxels of 1 mm are not less than 0.05 ml."""


@dataclass(frozen=True)
class GivenUp:
    """What one region lost.

    Attributes
    ----------
    region : str
        Name of the region.
    label : int
        What its voxels are now: the label of the next outer region; 0 for the outermost.
    volume_ml : float
        Of all that was given up.
    parts : int
        How many parts that hang together; 0 where the region as a whole was too small.
    limit_ml : float
        What it stayed under: ``minimum_ml`` of the whole, or ``smallest_part_ml`` of each part.
    """

    region: str
    label: int
    volume_ml: float
    parts: int
    limit_ml: float

    def record(self) -> dict[str, Any]:
        """Return it for provenance, JSON-ready."""
        return {**asdict(self), "volume_ml": round(self.volume_ml, 4)}

    def sentence(self, classes: Sequence[LabelClass]) -> str:
        """Return it as a note; ``classes`` are the model's."""
        volume, limit = _ml(self.volume_ml), f"the model's {self.limit_ml:g} ml"
        title = next((kind.title for kind in classes if kind.value == self.label), "")
        became = f"taken as {title}" if title else "left out"
        if self.parts > 1:
            found = f"{self.parts} parts of {self.region}, {volume} together"
            return f"{found} and each under {limit}, were {became}."
        found = f"{'A part of ' if self.parts else ''}{self.region} of {volume}"
        return f"{found}, under {limit}, was {became}."


@dataclass(frozen=True, eq=False)
class Cleaned:
    """A label map, shape (z, y, x), uint8, and what was given up in it, outermost first."""

    labels: NDArray[np.uint8]
    given_up: tuple[GivenUp, ...] = ()


def has_limits(regions: Sequence[Region]) -> bool:
    """Whether any region may be too small."""
    return any(region.minimum_ml or region.smallest_part_ml for region in regions)


def limits_of(regions: Sequence[Region]) -> dict[str, dict[str, float]]:
    """Return the limits of every region that has one, for provenance."""
    return {
        region.name: {"minimum_ml": region.minimum_ml, "smallest_part_ml": region.smallest_part_ml}
        for region in regions
        if has_limits([region])
    }


def cleaning_record(
    limits: Mapping[str, Mapping[str, float]], given_up: Sequence[GivenUp]
) -> dict[str, Any]:
    """Return what provenance says under ``cleaning``: the limits, and what stayed under them."""
    return {"limits": dict(limits), "given_up": [each.record() for each in given_up]}


def clean(labels: NDArray[np.uint8], regions: Sequence[Region], voxel_ml: float) -> Cleaned:
    """Give up what is too small, so that the regions stay nested.

    From the outermost region inwards: first its parts (voxels that touch, at corners too) that
    are smaller than ``smallest_part_ml``, then, if what is left is smaller than ``minimum_ml``,
    the region. What is given up takes the label of the next outer region, and what lies inside
    goes with it: of WT >= TC >= ET, a lost WT is background, a lost TC oedema, a lost ET core.
    Cleaning what is clean changes nothing.

    Parameters
    ----------
    labels : ndarray of uint8, shape (z, y, x)
        Of nested regions; left untouched. A box of the image will do.
    regions : sequence of Region
        Outermost first; limits of 0 are off.
    voxel_ml : float
        Volume of a voxel, in ml.

    Returns
    -------
    Cleaned
        Where nothing is given up, with the very array.
    """
    given_up: list[GivenUp] = []
    for place, region in enumerate(regions):
        if not has_limits([region]):
            continue
        inner = np.zeros(256, bool)
        inner[[each.label for each in regions[place:]]] = True
        mask = inner[labels]
        boxes = ndimage.find_objects(mask.view(np.uint8))  # the rest need not be looked at
        if not boxes:
            continue
        outer = regions[place - 1].label if place else 0
        lost, said = _lost(mask[boxes[0]], region, voxel_ml, outer)
        if said:
            labels = labels if given_up else labels.copy()
            labels[boxes[0]][lost] = outer
            given_up += said
    return Cleaned(labels, tuple(given_up))


def _lost(
    mask: NDArray[np.bool_], region: Region, voxel_ml: float, outer: int
) -> tuple[NDArray[np.bool_], list[GivenUp]]:
    """Return the voxels of a region that are given up, and why; ``outer`` is their new label."""
    lost, said = np.zeros(mask.shape, bool), []
    total = int(np.count_nonzero(mask))
    gone = 0
    if region.smallest_part_ml:
        parts, count = ndimage.label(mask, _TOUCHING)
        sizes = np.bincount(parts.ravel(), minlength=count + 1)
        small = sizes < fewest_voxels(region.smallest_part_ml, voxel_ml)
        small[0] = False
        if small.any():
            lost = small[parts]
            gone = int(sizes[small].sum())
            number, limit = int(small.sum()), region.smallest_part_ml
            said.append(GivenUp(region.name, outer, gone * voxel_ml, number, limit))
    left = total - gone
    if 0 < left < fewest_voxels(region.minimum_ml, voxel_ml):
        lost = mask
        said.append(GivenUp(region.name, outer, left * voxel_ml, 0, region.minimum_ml))
    return lost, said


def fewest_voxels(limit_ml: float, voxel_ml: float) -> int:
    """Return how many voxels are not under a limit."""
    return ceil(limit_ml / voxel_ml - _ROUNDING)


def _ml(volume: float) -> str:
    """Return a volume that may be small, with its unit."""
    return f"{volume:.2f} ml" if volume >= 0.01 else f"{volume:.2g} ml"
