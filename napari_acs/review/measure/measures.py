"""All measures of one tumour, as plain numbers that a file can keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_acs.review.measure.bidimensional import Bidimensional, Point
    from napari_acs.review.measure.plane import Plane, Sidedness


@dataclass(frozen=True)
class LesionMeasures:
    """One lesion of a region.

    Attributes
    ----------
    volume_ml : float
    largest_3d_diameter_mm : float
        Feret diameter; see `napari_acs.review.measure.feret`. At least the axial one.
    axial : Bidimensional or None
        None only where steep planes had to be cut and all went past the lesion.
    centroid_lps_mm : tuple of float
    midline : Sidedness or None
        None where no midline was given.
    """

    volume_ml: float
    largest_3d_diameter_mm: float
    axial: Bidimensional | None
    centroid_lps_mm: Point
    midline: Sidedness | None


@dataclass(frozen=True)
class RegionMeasures:
    """One region (WT, TC or ET).

    Attributes
    ----------
    volume_ml : float
        Of every voxel of the region.
    largest_3d_diameter_mm : float
        Feret diameter of the whole region, from lesion to lesion; 0 without a voxel.
    centroid_lps_mm : tuple of float, or None
        Of every voxel of the region; None without one.
    midline : Sidedness or None
        Of the whole region; with lesions on both sides it is ``"crossing"`` even if none of
        them is.
    lesions : tuple of LesionMeasures
        Largest first; what is smaller than ``smallest_lesion_ml`` is not among them.
    ignored_ml : float
        Volume of the components that are too small to count.
    largest_axial : Bidimensional or None
        Of the lesion with the largest axial diameter.
    sum_of_products_mm2 : float
        The largest products of the lesions counted, of at most ``target_lesions``. Unlike
        RANO's, also of lesions that are not measurable: it chooses targets once, at baseline,
        and follows them when they shrink; a sum of what is measurable at each date would lose a
        lesion at 9.9 mm.
    measurable_lesions : int
        Lesions that RANO calls measurable; see `measurable_from_mm` of `Measures`.
    """

    volume_ml: float
    largest_3d_diameter_mm: float
    centroid_lps_mm: Point | None
    midline: Sidedness | None
    lesions: tuple[LesionMeasures, ...]
    ignored_ml: float
    largest_axial: Bidimensional | None
    sum_of_products_mm2: float
    measurable_lesions: int


@dataclass(frozen=True)
class Measures:
    """What was measured of one mask, and how.

    Attributes
    ----------
    label_volume_ml : mapping of str to float
        NCR, ED and ET.
    regions : mapping of str to RegionMeasures
        WT, TC and ET.
    midline_plane : Plane or None
        That sides and distances refer to.
    axial_tilt_deg : float
        Between the patient's axial plane and the grid's nearest plane.
    axial_resampled : bool
        Whether exactly axial planes were cut because of that tilt
        (`napari_acs.review.measure.axial`); else diameters lie in the grid's own planes.
    spacing_mm : tuple of float
        Voxel size along x, y, z.
    measurable_from_mm : float
        Both diameters of a measurable lesion are at least so long
        (`napari_acs.review.measure.bidimensional.measurable_from_mm`), and it is in at least
        two axial planes.
    smallest_lesion_ml, perpendicular_within_deg : float
    target_lesions : int
        The options used.
    """

    label_volume_ml: Mapping[str, float]
    regions: Mapping[str, RegionMeasures]
    midline_plane: Plane | None
    axial_tilt_deg: float
    axial_resampled: bool
    spacing_mm: tuple[float, float, float]
    measurable_from_mm: float
    smallest_lesion_ml: float
    perpendicular_within_deg: float
    target_lesions: int

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, numbers and strings only, ready for JSON; keys name the units."""
        plain: dict[str, Any] = plain_of(self)
        return plain


def plain_of(value: Any) -> Any:
    """Return a frozen record as dicts and lists, by the names of its fields."""
    if is_dataclass(value):
        return {f.name: plain_of(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain_of(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain_of(each) for each in value]
    return value
