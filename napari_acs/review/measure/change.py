"""How a tumour changed between two dates, and what RANO's thresholds make of the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.measure.measures import plain_of
from napari_acs.review.measure.new_lesions import NEW_LESION_MM, new_lesions
from napari_acs.review.measure.one_label import compared_note
from napari_acs.review.measure.regions import REGIONS
from napari_acs.review.measure.tumour import measure_tumour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.review.measure.measures import Measures
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
        What is to be known of these masks; empty where nothing is.
    """

    before: Measures
    after: Measures
    regions: Mapping[str, RegionChange]
    statement: str = STATEMENT
    sources: tuple[str, ...] = SOURCES
    note: str = ""

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
    **options
        Further options of `napari_acs.review.measure.tumour.measure_tumour`.

    Returns
    -------
    Change

    Raises
    ------
    BadInput
        An array is no mask of ours or not on its grid, or the matrix is no rigid move.
    """
    moved = move_grid(after_grid, np.eye(4) if matrix is None else np.asarray(matrix, float))
    first = measure_tumour(before, before_grid, midline, **options)
    second = measure_tumour(after, moved, midline, **options)
    regions = {}
    for name, values in REGIONS.items():
        a, b = first.regions[name], second.regions[name]
        fresh = new_lesions(
            np.isin(before, values), before_grid, np.isin(after, values), moved,
            new_lesion_mm, second.smallest_lesion_ml,
        )  # fmt: skip
        by_product: Category = categorise(
            a.sum_of_products_mm2, b.sum_of_products_mm2, PRODUCT,
            gone=b.volume_ml == 0 < a.volume_ml, new=fresh > 0,
        )  # fmt: skip
        if (
            not (a.measurable_lesions or b.measurable_lesions or fresh)
            and a.volume_ml + b.volume_ml
        ):
            by_product = "not measurable"
        regions[name] = RegionChange(
            a.volume_ml,
            b.volume_ml,
            _percent(a.volume_ml, b.volume_ml),
            categorise(
                a.volume_ml, b.volume_ml, VOLUME, gone=b.volume_ml == 0 < a.volume_ml, new=fresh > 0
            ),
            a.sum_of_products_mm2,
            b.sum_of_products_mm2,
            _percent(a.sum_of_products_mm2, b.sum_of_products_mm2),
            by_product,
            fresh,
        )
    return Change(first, second, regions, note=compared_note(first, second))


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
