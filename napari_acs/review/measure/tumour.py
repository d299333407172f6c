"""Measure a tumour from its label mask."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.imaging.cancel import never, stop_if
from napari_acs.review.boxes import bounding_box
from napari_acs.review.measure.axial import MOST_TILT_DEG, axial_stack, axial_tilt_deg, slice_mm
from napari_acs.review.measure.between_planes import cut_shape
from napari_acs.review.measure.bidimensional import (
    PERPENDICULAR_WITHIN_DEG,
    bidimensional,
    measurable_from_mm,
)
from napari_acs.review.measure.feret import feret_mm
from napari_acs.review.measure.lesions import SMALLEST_ML, components, islands
from napari_acs.review.measure.measures import LesionMeasures, Measures, RegionMeasures
from napari_acs.review.measure.plane import sidedness
from napari_acs.review.measure.regions import LABELS, REGIONS, check_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.review.measure.bidimensional import Bidimensional, Point
    from napari_acs.review.measure.plane import Plane

TARGET_LESIONS = 3
"""RANO 2.0 follows up to three target lesions of one kind (Wen 2023, J Clin Oncol 41:5187); the
first RANO up to five (Wen 2010)."""


def measure_tumour(
    labels: NDArray[Any],
    grid: Grid,
    midline: Plane | None = None,
    *,
    smallest_lesion_ml: float = SMALLEST_ML,
    perpendicular_within_deg: float = PERPENDICULAR_WITHIN_DEG,
    target_lesions: int = TARGET_LESIONS,
    cancelled: Callable[[], bool] = never,
) -> Measures:
    """Measure every region of a tumour on the mask's own grid, oblique or not.

    The result depends on where the voxels are in the patient alone: flipped or permuted axes
    with the matching grid give the same numbers.

    Parameters
    ----------
    labels : ndarray of int, shape (z, y, x)
        0 none, 1 necrotic or non-enhancing core, 2 oedema, 3 enhancing tumour.
    grid : Grid
        Of ``labels``.
    midline : Plane, optional
        For sides and distances; `napari_acs.review.measure.midline` estimates one.
    smallest_lesion_ml : float
        Smaller components (26 neighbours) are no lesions.
    perpendicular_within_deg : float
        How far from a right angle the second diameter may be.
    target_lesions : int
        The sum of products takes so many at most.
    cancelled : callable
        Asked while diameters are looked for: that takes minutes where a mask runs all through a
        head, as one that was flooded by mistake.

    Returns
    -------
    Measures

    Raises
    ------
    BadInput
        The array is no mask of ours, or not on this grid.
    Cancelled
    """
    box = check_labels(labels, grid)
    part = labels[box] if box else np.zeros((0, 0, 0), np.uint8)
    counts = np.bincount(part.ravel(), minlength=max(LABELS.values()) + 1)
    options = _Options(
        grid, midline, smallest_lesion_ml, perpendicular_within_deg, target_lesions, cancelled
    )
    tilt = axial_tilt_deg(grid)
    return Measures(
        label_volume_ml={name: int(counts[v]) * grid.voxel_ml for name, v in LABELS.items()},
        regions={
            name: _region(np.isin(part, values), grid.crop(box) if box else grid, options)
            for name, values in REGIONS.items()
        },
        midline_plane=midline,
        axial_tilt_deg=tilt,
        axial_resampled=tilt > MOST_TILT_DEG,
        spacing_mm=grid.spacing,
        measurable_from_mm=measurable_from_mm(slice_mm(grid)),
        smallest_lesion_ml=smallest_lesion_ml,
        perpendicular_within_deg=perpendicular_within_deg,
        target_lesions=target_lesions,
    )


@dataclass(frozen=True)
class _Options:
    whole: Grid
    midline: Plane | None
    smallest_ml: float
    within_deg: float
    targets: int
    cancelled: Callable[[], bool]


def _region(mask: NDArray[np.bool_], grid: Grid, options: _Options) -> RegionMeasures:
    box = bounding_box(mask)
    if box is None:
        return RegionMeasures(0.0, 0.0, None, None, (), 0.0, None, 0.0, 0)
    mask, grid = mask[box], grid.crop(box)
    found = components(mask, options.smallest_ml / grid.voxel_ml)
    stack = axial_stack(found.numbers, grid, cut_shape)
    planes, by_lesion = islands(stack)
    lesions = []
    for number, (voxels, where) in enumerate(zip(found.voxels, found.boxes, strict=True), 1):
        stop_if(options.cancelled)
        parts = by_lesion[number - 1] if number <= len(by_lesion) else []
        axial = (
            bidimensional(
                planes, parts, stack, options.whole, options.within_deg, options.cancelled
            )
            if parts
            else None
        )
        lesion, there = found.numbers[where] == number, grid.crop(where)
        lesions.append(
            LesionMeasures(
                voxels * grid.voxel_ml,
                _largest_mm(lesion, grid, [axial]),
                axial,
                _centroid(lesion, there),
                sidedness(lesion, there, options.midline) if options.midline else None,
            )
        )
    lesions.sort(key=lambda each: (-each.volume_ml, *reversed(each.centroid_lps_mm)))
    seen = [each.axial for each in lesions if each.axial]
    products = sorted((each.product_mm2 for each in seen), reverse=True)
    return RegionMeasures(
        volume_ml=int(np.count_nonzero(mask)) * grid.voxel_ml,
        largest_3d_diameter_mm=_largest_mm(mask, grid, seen),
        centroid_lps_mm=_centroid(mask, grid),
        midline=sidedness(mask, grid, options.midline) if options.midline else None,
        lesions=tuple(lesions),
        ignored_ml=found.ignored_voxels * grid.voxel_ml,
        largest_axial=max(seen, key=lambda each: each.diameter.length_mm, default=None),
        sum_of_products_mm2=float(sum(products[: options.targets])),
        measurable_lesions=sum(each.measurable for each in seen),
    )


def _largest_mm(
    mask: NDArray[np.bool_], grid: Grid, axial: Iterable[Bidimensional | None]
) -> float:
    """Return the 3D diameter, which is at least as long as those in a plane.

    These may end beside the middle of a long voxel, or on a surface between voxels.
    """
    x, y, z = grid.spacing
    planar = [each.diameter.length_mm for each in axial if each is not None]
    return max([feret_mm(mask, (z, y, x)), *planar])


def _centroid(mask: NDArray[np.bool_], grid: Grid) -> Point:
    total = np.count_nonzero(mask)
    index = [
        np.count_nonzero(mask, axis=others) @ np.arange(mask.shape[axis]) / total
        for axis, others in ((2, (0, 1)), (1, (0, 2)), (0, (1, 2)))
    ]
    x, y, z = grid.index_to_point([index])[0].tolist()
    return x, y, z
