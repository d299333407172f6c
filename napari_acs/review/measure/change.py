"""How a tumour changed between two dates, and what RANO's thresholds make of the numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never
from napari_acs.review.measure.in_view import unseen_ml, unseen_note
from napari_acs.review.measure.measures import plain_of
from napari_acs.review.measure.new_lesions import NEW_LESION_MM, new_lesions
from napari_acs.review.measure.one_label import compared_note
from napari_acs.review.measure.regions import REGIONS
from napari_acs.review.measure.same_planes import (
    PLANES_APART_DEG,
    planes_apart_deg,
    planes_note,
    sum_of_products_in,
)
from napari_acs.review.measure.tumour import measure_tumour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.review.measure.measures import Measures, RegionMeasures
    from napari_acs.review.measure.plane import Plane

Category = Literal["CR", "PR", "SD", "PD", "none", "not measurable"]

SOURCES: Final = (
    "Wen 2010, J Clin Oncol 28:1963 (RANO)",
    "Wen 2023, J Clin Oncol 41:5187 (RANO 2.0)",
)
STATEMENT: Final = (
    "Computed from two masks by the thresholds of RANO; not a diagnosis. RANO also weighs "
    "corticosteroids, the clinical state, FLAIR, confirmation by a later scan, and counts "
    "progression from the smallest tumour measured since baseline."
)


@dataclass(frozen=True)
class Thresholds:
    """Parts of the earlier value: at or below ``response`` is PR, at or above ``progression`` PD.

    Attributes
    ----------
    response, progression : float
    """

    response: float
    progression: float


PRODUCT: Final = Thresholds(response=0.5, progression=1.25)
"""Sum of products: a decrease of 50 % or more, an increase of 25 % or more."""
VOLUME: Final = Thresholds(response=0.35, progression=1.4)
"""Volume: a decrease of 65 % or more, an increase of 40 % or more (RANO 2.0)."""


@dataclass(frozen=True)
class RegionChange:
    """The change of one region.

    Attributes
    ----------
    volume_before_ml, volume_after_ml : float
    volume_change_percent : float or None
        Of the earlier volume; None where that is 0.
    volume_category : {"CR", "PR", "SD", "PD", "none"}
        See `categorise`.
    product_before_mm2, product_after_mm2 : float
        Sums of products of the lesions counted (`RegionMeasures.sum_of_products_mm2`).
    product_change_percent : float or None
        Of the earlier sum; None where that is 0.
    product_category : {"CR", "PR", "SD", "PD", "none", "not measurable"}
        ``"not measurable"`` where no lesion is measurable at either date and none is new.
    new_lesions : int
        Lesions of the later date that are nowhere near the region at the earlier one.
    product_after_same_planes_mm2 : float or None
        Of the later mask cut in the planes of the earlier scan; None where the planes of both are
        less than `PLANES_APART_DEG` apart, or one date has nothing of the region.
    product_change_same_planes_percent, product_category_same_planes
        As above, by that sum.
    """

    volume_before_ml: float
    volume_after_ml: float
    volume_change_percent: float | None
    volume_category: Category
    product_before_mm2: float
    product_after_mm2: float
    product_change_percent: float | None
    product_category: Category
    new_lesions: int
    product_after_same_planes_mm2: float | None = None
    product_change_same_planes_percent: float | None = None
    product_category_same_planes: Category | None = None


@dataclass(frozen=True)
class Change:
    """Two dates of one tumour.

    Attributes
    ----------
    before, after : Measures
        Both in the patient space of the earlier study.
    regions : mapping of str to RegionChange
        WT, TC and ET.
    statement : str
        What the categories are and are not.
    sources : tuple of str
    note : str
        What is to be known of these masks and scans; empty where nothing is.
    planes_apart_deg : float
        Between the planes that the two scans are measured in.
    """

    before: Measures
    after: Measures
    regions: Mapping[str, RegionChange]
    statement: str = STATEMENT
    sources: tuple[str, ...] = SOURCES
    note: str = ""
    planes_apart_deg: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, numbers and strings only, ready for JSON; keys name the units."""
        plain: dict[str, Any] = plain_of(self)
        return plain


def measure_change(
    before: NDArray[Any],
    before_grid: Grid,
    after: NDArray[Any],
    after_grid: Grid,
    matrix: NDArray[np.float64] | None = None,
    midline: Plane | None = None,
    *,
    new_lesion_mm: float = NEW_LESION_MM,
    cancelled: Callable[[], bool] = never,
    **options: Any,
) -> Change:
    """Measure two masks of one patient and compare them.

    No voxel is resampled to bring them together: the later mask's grid is moved as a whole, so
    that "axial", sides and the places of lesions are those of the earlier study at both dates.

    Parameters
    ----------
    before, after : ndarray of int, shape (z, y, x)
        Labels 0 to 3, each on its own grid.
    before_grid, after_grid : Grid
    matrix : ndarray, shape (4, 4), optional
        Point of the earlier study to point of the later one, LPS mm: ``Alignment.matrix`` of
        ``register(earlier, later)``. The identity when left out.
    midline : Plane, optional
        In the earlier study.
    new_lesion_mm : float
        See `NEW_LESION_MM`.
    cancelled : callable
    **options
        Further options of `napari_acs.review.measure.tumour.measure_tumour`.

    Returns
    -------
    Change

    Raises
    ------
    BadInput
        An array is no mask of ours or not on its grid, or the matrix is no rigid move.
    Cancelled
    """
    moved = move_grid(after_grid, np.eye(4) if matrix is None else np.asarray(matrix, float))
    first = measure_tumour(before, before_grid, midline, cancelled=cancelled, **options)
    second = measure_tumour(after, moved, midline, cancelled=cancelled, **options)
    apart = planes_apart_deg(before_grid, moved)
    regions = {}
    for name, values in REGIONS.items():
        a, b = first.regions[name], second.regions[name]
        early, late = np.isin(before, values), np.isin(after, values)
        gone = b.volume_ml == 0 < a.volume_ml
        fresh = new_lesions(
            early, before_grid, late, moved, new_lesion_mm, second.smallest_lesion_ml
        )
        found = RegionChange(
            a.volume_ml,
            b.volume_ml,
            _percent(a.volume_ml, b.volume_ml),
            categorise(a.volume_ml, b.volume_ml, VOLUME, gone=gone, new=fresh > 0),
            a.sum_of_products_mm2,
            b.sum_of_products_mm2,
            _percent(a.sum_of_products_mm2, b.sum_of_products_mm2),
            _by_product(a, b, b.sum_of_products_mm2, fresh),
            fresh,
        )
        if apart >= PLANES_APART_DEG and a.sum_of_products_mm2 and b.volume_ml:
            there = sum_of_products_in(before_grid, late, moved, second, cancelled)
            found = replace(
                found,
                product_after_same_planes_mm2=there,
                product_change_same_planes_percent=_percent(a.sum_of_products_mm2, there),
                product_category_same_planes=_by_product(a, b, there, fresh),
            )
        regions[name] = found
    unseen = unseen_ml(before, before_grid, moved), unseen_ml(after, moved, before_grid)
    notes = (
        compared_note(first, second),
        unseen_note(*unseen, second.smallest_lesion_ml),
        planes_note(apart, regions),
    )
    return Change(
        first, second, regions, note=" ".join(filter(None, notes)), planes_apart_deg=apart
    )


def _by_product(a: RegionMeasures, b: RegionMeasures, after: float, fresh: int) -> Category:
    """Return the category by sums of products, of which the later one is given."""
    measurable = a.measurable_lesions or b.measurable_lesions
    if not (measurable or fresh) and a.volume_ml + b.volume_ml:
        return "not measurable"
    gone = b.volume_ml == 0 < a.volume_ml
    return categorise(a.sum_of_products_mm2, after, PRODUCT, gone=gone, new=fresh > 0)


def categorise(
    before: float, after: float, thresholds: Thresholds, *, gone: bool, new: bool
) -> Category:
    """Return the response category of a change, by size and new lesions alone.

    Parameters
    ----------
    before, after : float
        Sums of products or volumes.
    thresholds : Thresholds
    gone : bool
        Whether the region was there and no voxel of it is left.
    new : bool
        Whether there is a new lesion.

    Returns
    -------
    str
        ``"PD"`` with a new lesion, an increase to the threshold, or out of nothing; ``"CR"``
        where all is gone; ``"PR"`` and ``"SD"`` by the thresholds; ``"none"`` where there was
        nothing at either date.
    """
    slack = 1e-9 * before
    if new or after > before == 0 or after >= thresholds.progression * before - slack > 0:
        return "PD"
    if gone:
        return "CR"
    if before == after == 0:
        return "none"
    return "PR" if after <= thresholds.response * before + slack else "SD"


def move_grid(grid: Grid, matrix: NDArray[np.float64]) -> Grid:
    """Return a later study's grid in the space of the earlier one.

    Parameters
    ----------
    grid : Grid
    matrix : ndarray, shape (4, 4)
        Point of the earlier study to point of the later one, LPS mm.

    Raises
    ------
    BadInput
        The matrix is no rigid move.
    """
    turn = matrix[:3, :3]
    rigid = matrix.shape == (4, 4) and np.allclose(turn.T @ turn, np.eye(3), atol=1e-4)
    if not rigid or np.linalg.det(turn) < 0:
        raise BadInput(
            "The two dates cannot be compared",
            found="a transform that is no rigid move",
            expected="a 4x4 matrix of a rotation and a shift, in LPS mm",
            do="Register the later study to the earlier one",
        )
    affine = np.linalg.inv(matrix) @ grid.affine
    x, y, z = affine[:3, 3].tolist()
    direction = affine[:3, :3] / np.asarray(grid.spacing)
    return replace(grid, origin=(x, y, z), direction=tuple(direction.ravel().tolist()))


def _percent(before: float, after: float) -> float | None:
    return 100 * (after - before) / before if before else None
