"""Two dates in one set of planes: what of a change comes of how the later scan lies."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from napari_acs.imaging.cancel import never, stop_if
from napari_acs.imaging.orient import lps_grid
from napari_acs.review.boxes import bounding_box
from napari_acs.review.measure.axial import MOST_TILT_DEG, AxialStack, axial_tilt_deg, upright
from napari_acs.review.measure.between_planes import cut_shape
from napari_acs.review.measure.bidimensional import bidimensional
from napari_acs.review.measure.lesions import components, islands

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.review.measure.change import RegionChange
    from napari_acs.review.measure.measures import Measures

PLANES_APART_DEG: Final = 5.0
"""From here on the later mask is measured in the planes of the earlier scan, too.

Of a lesion that is neither ball nor ellipsoid and did not change, the product in each scan's own
planes differed by 6 to 20 % at 5 to 29 degrees, and by 0 to 7 % in the planes of one. Below, the
cut costs as much as it mends: up to 4 % with voxels of 1 mm, up to 8 % with slices of 5 mm. Of a
thin ring the lines hardly fit between rim and hole: they differ by up to 24 % in either way, where
the two scans have slices of other thickness or none (`tests/review/measure/test_same_planes.py`).
"""


def planes_of(grid: Grid) -> Grid:
    """Return a grid whose slices lie as the planes that a scan is measured in.

    See `napari_acs.review.measure.axial.axial_stack`: its own up to a tilt, else exactly axial
    ones.
    """
    return lps_grid(grid) if axial_tilt_deg(grid) <= MOST_TILT_DEG else upright(grid)


def planes_apart_deg(one: Grid, other: Grid) -> float:
    """Return the angle between the planes that two scans are measured in."""
    a, b = (np.reshape(planes_of(grid).direction, (3, 3))[:, 2] for grid in (one, other))
    return math.degrees(math.acos(min(1.0, abs(float(a @ b)))))


def sum_of_products_in(
    planes: Grid,
    mask: NDArray[np.bool_],
    grid: Grid,
    measured: Measures,
    cancelled: Callable[[], bool] = never,
) -> float:
    """Return the sum of products of a region, measured in the planes of another scan.

    Parameters
    ----------
    planes : Grid
        Of the other scan, in the same patient space.
    mask : ndarray of bool, shape (z, y, x)
        Of one region.
    grid : Grid
        Of ``mask``.
    measured : Measures
        Of the mask in its own planes: its options are taken.
    cancelled : callable

    Returns
    -------
    float
        In mm².

    Raises
    ------
    Cancelled
    """
    box = bounding_box(mask)
    if box is None:
        return 0.0
    part = grid.crop(box)
    found = components(mask[box], measured.smallest_lesion_ml / grid.voxel_ml)
    target = _around(part, planes_of(planes))
    stack = AxialStack(cut_shape(found.numbers, part, target), target, axial_tilt_deg(planes))
    numbers, by_lesion = islands(stack)
    products = []
    for parts in by_lesion:
        stop_if(cancelled)
        if parts:
            within = measured.perpendicular_within_deg
            pair = bidimensional(numbers, parts, stack, grid, within, cancelled)
            products.append(pair.product_mm2)
    return float(sum(sorted(products, reverse=True)[: measured.target_lesions]))


def _around(part: Grid, planes: Grid) -> Grid:
    """Return the part of a grid, beyond its ends too, that another one and a voxel lie in."""
    corners = planes.point_to_index(part.corners())
    reach = 2 * max(part.spacing) / np.asarray(planes.spacing)
    low = np.floor(corners.min(axis=0) - reach).astype(int)
    high = np.ceil(corners.max(axis=0) + reach).astype(int)
    x, y, z = (high - low + 1).tolist()
    return planes.moved(low, (x, y, z))


def planes_note(apart_deg: float, regions: Mapping[str, RegionChange]) -> str:
    """Return what to say of two scans whose planes lie apart; nothing of others.

    Parameters
    ----------
    apart_deg : float
    regions : mapping of str to RegionChange
    """
    seen = {
        name: each
        for name, each in regions.items()
        if each.product_after_same_planes_mm2 is not None
    }
    if not seen:
        return ""
    changes = ", ".join(
        f"{name} {each.product_change_same_planes_percent:+z.0f} % "
        f"({each.product_category_same_planes})"
        for name, each in seen.items()
    )
    return (
        f"The planes of the two scans are {apart_deg:.0f} degrees apart, and each is measured in "
        "its own, as RANO has it: that alone can change products. With the later mask cut in the "
        f"planes of the earlier scan products change by {changes}; the difference comes of the "
        "planes, and some per cent of the cut (of a thin rim a tenth and more)."
    )
