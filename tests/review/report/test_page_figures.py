"""Every figure of the page's tables stands under its own heading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from review.measure.shapes import ellipsoid
from review.report.reading_html import Page
from review.report.studies import UPRIGHT, head

from napari_acs.review.edits.cost import EditCost
from napari_acs.review.measure.change import measure_change
from napari_acs.review.measure.plane import Plane
from napari_acs.review.measure.tumour import measure_tumour
from napari_acs.review.report.agreement_page import follow_up_section
from napari_acs.review.report.case_page import case_section
from napari_acs.review.report.content import Begun, CaseReport, FollowUp, Log
from napari_acs.review.session.read_facts import ReadFacts

MIDLINE = Plane((0, 0, 0), (1, 0, 0))
COSTS = {
    name: EditCost(
        0.91 - n / 10, 3.5 + n, 0.81 - n / 10, 1.0, 77.0 + n, 66, 1.25 + n, 55 + n, 44 - n
    )
    for n, name in enumerate(("WT", "TC", "ET"))
}


def small(study):
    """The head's labels, with a speck too small to be a lesion."""
    labels = study.labels.copy()
    labels[4, 40, 20] = 3
    return labels


@pytest.fixture(scope="module")
def measures():
    return measure_tumour(small(head(UPRIGHT)), UPRIGHT, MIDLINE)


def tables(markup) -> dict[str, list[dict[str, str]]]:
    """Each table by its first heading: rows of cells by heading."""
    found: dict[str, list[dict[str, str]]] = {}
    names: list[str] = []
    for row in Page(str(markup)).rows:
        if not row or not row[0] or row[0] in {"region", "lesion"}:
            names = row
            found[" ".join(names)] = []
        else:
            assert len(row) == len(names)
            found[" ".join(names)].append(dict(zip(names, row, strict=True)))
    return found


def case(measures):
    facts = dict.fromkeys(ReadFacts.__dataclass_fields__, "")
    facts |= {"ai": "shown", "seconds": 60.0, "item": 1, "status": "corrected", "day": None}
    begun = Begun("machine", False, {}, COSTS)
    return CaseReport(**facts, answers=(), measures=measures, begun=begun, mask_origin="human")


@pytest.fixture(scope="module")
def page(measures):
    log = Log("", "", "1:ab", 1, 1, True, "", 0)
    return tables(case_section(case(measures), log))


def test_regions(page, measures):
    (rows,) = (t for names, t in page.items() if "sum of products" in names)
    assert [row["region"] for row in rows] == list(measures.regions)
    for row, region in zip(rows, measures.regions.values(), strict=True):
        axial = region.largest_axial
        assert row == {
            "region": row["region"],
            "volume, ml": f"{region.volume_ml:.2f}",
            "3D diameter, mm": f"{region.largest_3d_diameter_mm:.1f}",
            "diameter, mm": f"{axial.diameter.length_mm:.1f}",
            "perpendicular, mm": f"{axial.perpendicular.length_mm:.1f}",
            "product, mm²": f"{axial.product_mm2:.0f}",
            "sum of products, mm²": f"{region.sum_of_products_mm2:.0f}",
            "lesions (measurable)": f"{len(region.lesions)} ({region.measurable_lesions})",
            "side": region.midline.side,
            "to midline, mm": f"{region.midline.to_midline_mm:.1f}",
        }
    assert rows[2]["sum of products, mm²"] != rows[2]["product, mm²"], "of two lesions"


def test_lesions(page, measures):
    (rows,) = (t for names, t in page.items() if names.startswith("lesion"))
    lesions = measures.regions["ET"].lesions
    assert len(rows) == len(lesions) == 2
    for number, (row, lesion) in enumerate(zip(rows, lesions, strict=True), 1):
        assert row == {
            "lesion": str(number),
            "volume, ml": f"{lesion.volume_ml:.2f}",
            "3D diameter, mm": f"{lesion.largest_3d_diameter_mm:.1f}",
            "diameter, mm": f"{lesion.axial.diameter.length_mm:.1f}",
            "perpendicular, mm": f"{lesion.axial.perpendicular.length_mm:.1f}",
            "product, mm²": f"{lesion.axial.product_mm2:.0f}",
            "side": "left",
            "to midline, mm": f"{lesion.midline.to_midline_mm:.1f}",
        }


def test_edit_costs(page):
    (rows,) = (t for names, t in page.items() if "Dice" in names)
    for row, (name, cost) in zip(rows, COSTS.items(), strict=True):
        assert row == {
            "region": name,
            "Dice": f"{cost.dice:.3f}",
            "HD95, mm": f"{cost.hd95_mm:.1f}",
            "surface Dice": f"{cost.surface_dice:.3f}",
            "added path length, mm": f"{cost.added_path_length_mm:.0f}",
            "volume change, ml": f"{cost.volume_change_ml:+.2f}",
            "voxels added": str(cost.voxels_added),
            "voxels removed": str(cost.voxels_removed),
        }


def test_two_dates():
    """The product says PR and SD, the volume SD and PD: no category is another's."""
    one, two = (
        3 * ellipsoid(UPRIGHT, (28, 40, -8), radii).astype(np.uint8)
        for radii in ((12, 12, 12), (13, 13, 15))
    )
    change = measure_change(one, UPRIGHT, two, UPRIGHT)
    found = {
        name: replace(
            region,
            new_lesions=at,
            product_change_same_planes_percent=-51.0 - at,
            product_category="PR",
            product_category_same_planes="CR",
            volume_category="SD",
        )
        for at, (name, region) in enumerate(change.regions.items(), 3)
    }
    change = replace(change, regions=found)
    ((_, rows),) = tables(follow_up_section([FollowUp("R", "P", "A", "B", change, "how")])).items()
    for row, (name, region) in zip(rows, found.items(), strict=True):
        percent = f"{region.product_change_percent:+z.0f} %"  # of two columns the last one stays
        assert row == {
            "region": name,
            "before, ml": f"{region.volume_before_ml:.2f}",
            "after, ml": f"{region.volume_after_ml:.2f}",
            "by volume": "SD",
            "before, mm²": f"{region.product_before_mm2:.0f}",
            "after, mm²": f"{region.product_after_mm2:.0f}",
            "change": percent,
            "by products": "PR",
            "change in the earlier scan's planes": f"{-51 - region.new_lesions} %",
            "by those": "CR",
            "new lesions": str(region.new_lesions),
        }
