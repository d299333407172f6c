"""The tables of a read's measures: regions, lesions, and how they were taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_acs.review.report.markup import Content, Markup, element, joined, table
from napari_acs.review.report.slices import lesion_region

if TYPE_CHECKING:
    from napari_acs.review.measure.bidimensional import Bidimensional
    from napari_acs.review.measure.measures import Measures
    from napari_acs.review.measure.plane import Sidedness
    from napari_acs.review.report.content import CaseReport


def measures_section(measures: Measures, case: CaseReport) -> Markup:
    """Return the measures of a read's mask: a table of regions, one of lesions, and how."""
    rows: list[list[Content]] = []
    for name, region in measures.regions.items():
        axial = region.largest_axial
        rows.append(
            [
                name,
                f"{region.volume_ml:.2f}",
                f"{region.largest_3d_diameter_mm:.1f}",
                *_diameters(axial),
                f"{region.sum_of_products_mm2:.0f}",
                f"{len(region.lesions)} ({region.measurable_lesions})",
                *_side(region.midline),
            ]
        )
    head = (
        "region", "volume, ml", "3D diameter, mm", "diameter, mm", "perpendicular, mm",
        "product, mm²", "sum of products, mm²", "lesions (measurable)", "side",
        "to midline, mm",
    )  # fmt: skip
    labels = ", ".join(f"{name} {ml:.2f} ml" for name, ml in measures.label_volume_ml.items())
    return joined(
        (
            element("h3", "Measurements"),
            table(head, rows),
            element("p", f"By label: {labels}."),
            _lesions(measures),
            element("p", _how(measures, case), class_="soft"),
        )
    )


def _lesions(measures: Measures) -> Markup | None:
    region = lesion_region(measures)
    lesions = measures.regions[region].lesions
    if not lesions:
        return None
    rows: list[list[Content]] = [
        [
            str(number),
            f"{lesion.volume_ml:.2f}",
            f"{lesion.largest_3d_diameter_mm:.1f}",
            *_diameters(lesion.axial),
            *_side(lesion.midline),
        ]
        for number, lesion in enumerate(lesions, 1)
    ]
    head = (
        "lesion", "volume, ml", "3D diameter, mm", "diameter, mm", "perpendicular, mm",
        "product, mm²", "side", "to midline, mm",
    )  # fmt: skip
    ignored = measures.regions[region].ignored_ml
    caption = f"Lesions of {region}"
    if ignored:
        caption += f"; {ignored:.3f} ml in parts below {measures.smallest_lesion_ml:g} ml left out"
    return table(head, rows, caption)


def _diameters(axial: Bidimensional | None) -> tuple[str, str, str]:
    if axial is None:
        return "", "", ""
    across = f"{axial.perpendicular.length_mm:.1f}" if axial.perpendicular else ""
    return f"{axial.diameter.length_mm:.1f}", across, f"{axial.product_mm2:.0f}"


def _side(side: Sidedness | None) -> tuple[str, str]:
    return (side.side, f"{side.to_midline_mm:.1f}") if side else ("", "")


def _how(measures: Measures, case: CaseReport) -> str:
    x, y, z = measures.spacing_mm
    planes = (
        f"exactly axial planes, cut because the scan is tilted by {measures.axial_tilt_deg:.0f}°"
        if measures.axial_resampled
        else f"the scan's own planes, tilted by {measures.axial_tilt_deg:.0f}° from axial"
    )
    said = (
        f"Voxels of {x:.2f} x {y:.2f} x {z:.2f} mm. Diameters by RANO's rule (largest axial, and "
        f"the largest that crosses it within {measures.perpendicular_within_deg:g}° of a right "
        f"angle) in {planes}; computed from the mask, not placed by a reader. Measurable: both at "
        f"least {measures.measurable_from_mm:g} mm, in two or more slices. Sum of products: of "
        f"the {measures.target_lesions} largest lesions, measurable or not."
    )
    if case.midline is None:
        return said
    found = case.midline
    return said + (
        f" Sides are the patient's; the midline is a plane estimated from {found.sequence} "
        f"(mirror correlation {found.correlation:.2f}, overlap {found.overlap:.2f}), not the falx."
    )
