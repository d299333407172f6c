"""Thresholds and smallest sizes of regions, chosen by cross-validation on probability maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_acs.inference.cleaning import fewest_voxels
from napari_acs.inference.regions import region_masks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.inference.maps import RegionMaps
    from napari_acs.models.spec import Region

THRESHOLDS = (0.5, 0.45, 0.55, 0.4, 0.6, 0.35, 0.65, 0.3, 0.7, 0.2)
SMALLEST_PART_ML = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
MINIMUM_ML = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""What is tried, the plain value first: of equals the first is taken."""

LEAST_GAIN = 0.002
"""A mean Dice that is better by less is no reason to leave the plain values."""

_TOUCHING = np.ones((3, 3, 3), bool)


@dataclass(frozen=True, eq=False)
class Predicted:
    """One case, predicted by a network that never saw it.

    Attributes
    ----------
    case : str
    fold : str
        Cases of one fold were predicted by the same network.
    maps : RegionMaps
    truth : mapping of str to ndarray of bool, shape (z, y, x)
        The reference mask of every region, on the whole grid.
    """

    case: str
    fold: str
    maps: RegionMaps
    truth: Mapping[str, NDArray[np.bool_]]


def choose(cases: Sequence[Predicted], regions: Sequence[Region]) -> tuple[Region, ...]:
    """Choose threshold, smallest part and minimum of every region by the best mean Dice.

    One region after the other, from the outermost inwards, each within what was chosen before.

    Parameters
    ----------
    cases : sequence of Predicted
    regions : sequence of Region
        Outermost first; what they say themselves of these three is not looked at.

    Returns
    -------
    tuple of Region
        With what was chosen.
    """
    chosen: tuple[Region, ...] = ()
    for place, region in enumerate(regions):
        tables = [dice_table(case, chosen, place, region.name) for case in cases]
        mean = np.mean(tables, axis=0)
        best = np.unravel_index(int(mean.argmax()), mean.shape)
        if mean[best] < mean[0, 0, 0] + LEAST_GAIN:
            best = (np.intp(0),) * 3
        chosen = (*chosen, _with(region, *(int(at) for at in best)))
    return chosen


def choose_nested(
    cases: Sequence[Predicted], regions: Sequence[Region]
) -> dict[str, tuple[Region, ...]]:
    """Choose for every fold on the cases of the other folds: by fold.

    Raises
    ------
    ValueError
        There is one fold only.
    """
    folds = sorted({case.fold for case in cases})
    if len(folds) < 2:
        raise ValueError("a nested choice needs two folds at least")
    return {fold: choose([c for c in cases if c.fold != fold], regions) for fold in folds}


def plain(regions: Sequence[Region]) -> tuple[Region, ...]:
    """Return regions with the first of every list: threshold 0.5, no smallest sizes."""
    return tuple(_with(region, 0, 0, 0) for region in regions)


def predicted_masks(
    case: Predicted, regions: Sequence[Region]
) -> tuple[dict[str, NDArray[np.bool_]], dict[str, NDArray[np.bool_]]]:
    """Return the masks of the regions and those of the reference, both on the whole grid."""
    labels = case.maps.spread(case.maps.labels_in_box(regions))
    return region_masks(labels, regions), dict(case.truth)


def dice_table(
    case: Predicted, outer: Sequence[Region], place: int, name: str
) -> NDArray[np.float64]:
    """Return the Dice of one region of a case for all that is tried.

    Its parts are found once for every threshold, and all smallest sizes are counted from them.

    Parameters
    ----------
    case : Predicted
    outer : sequence of Region
        The regions outside of it, with what was chosen for them.
    place : int
        Of the region in the maps.
    name : str

    Returns
    -------
    ndarray of float, shape (thresholds, smallest parts, minimums)
    """
    maps, voxel_ml = case.maps, case.maps.voxel_ml
    truth = case.truth[name]
    total, here = int(np.count_nonzero(truth)), truth[maps.box]
    inside = _mask(maps, outer) if outer else np.ones(here.shape, bool)
    parts_ml = [fewest_voxels(limit, voxel_ml) for limit in SMALLEST_PART_ML]
    whole_ml = [fewest_voxels(limit, voxel_ml) for limit in MINIMUM_ML]
    table = np.empty((len(THRESHOLDS), len(parts_ml), len(whole_ml)))
    for row, threshold in enumerate(THRESHOLDS):
        mask = inside & (maps.values[place] >= np.float16(threshold))
        components, count = ndimage.label(mask, _TOUCHING)
        sizes = np.bincount(components[mask], minlength=count + 1)
        hits = np.bincount(components[mask & here], minlength=count + 1)
        for column, fewest in enumerate(parts_ml):
            kept = sizes >= fewest
            size, hit = int(sizes[kept].sum()), int(hits[kept].sum())
            for depth, least in enumerate(whole_ml):
                there = size >= least
                table[row, column, depth] = _dice(size * there, hit * there, total)
    return table


def _mask(maps: RegionMaps, outer: Sequence[Region]) -> NDArray[np.bool_]:
    """Return the mask of the innermost of some outer regions, cleaned, in the box."""
    known = replace(maps, names=maps.names[: len(outer)], values=maps.values[: len(outer)])
    mask: NDArray[np.bool_] = known.labels_in_box(outer) == outer[-1].label
    return mask


def _dice(size: int, hit: int, total: int) -> float:
    return 2 * hit / (size + total) if size + total else 1.0


def _with(region: Region, threshold: int, part: int, minimum: int) -> Region:
    return region.model_copy(
        update={
            "threshold": THRESHOLDS[threshold],
            "smallest_part_ml": SMALLEST_PART_ML[part],
            "minimum_ml": MINIMUM_ML[minimum],
        }
    )
