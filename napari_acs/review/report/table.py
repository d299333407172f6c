"""A report as CSV: a line a read and region."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from napari_acs.review.cells import cell
from napari_acs.review.measure.regions import REGIONS
from napari_acs.review.report.record import FORMAT

if TYPE_CHECKING:
    from napari_acs.review.report.content import CaseReport, Log, Report

COLUMNS = (
    *("format", "session", "rater", "case", "patient", "item", "read", "ai", "status", "at"),
    *("active_minutes", "mask_origin", "region", "volume_ml", "largest_3d_diameter_mm"),
    *("diameter_mm", "perpendicular_mm", "product_mm2", "sum_of_products_mm2", "lesions"),
    *("measurable_lesions", "ignored_ml", "side", "to_midline_mm", "begun_from", "unchanged"),
    *("dice", "hd95_mm", "surface_dice", "surface_tolerance_mm", "added_path_length_mm"),
    *("added_path_length_voxels", "volume_change_ml", "voxels_added", "voxels_removed"),
    *("model_id", "model_sha256", "log_head", "log_sound", "note", "log"),
    *("day", "bulk", "audited", "problems"),
)


def table_of(report: Report) -> str:
    """Return the reads as CSV, a line for each of WT, TC and ET; empty where there is no value."""
    logs = {log.rater: log for log in report.logs}
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for case in report.cases:
        for region in REGIONS:
            row = {"format": FORMAT, "session": report.session, **_case(case, logs[case.rater])}
            row |= {"region": region, **_measures(case, region), **_cost(case, region)}
            writer.writerow({key: cell(value) for key, value in row.items()})
    return text.getvalue()


def _case(case: CaseReport, log: Log) -> dict[str, Any]:
    names = (
        "rater",
        "case",
        "patient",
        "item",
        "read",
        "ai",
        "status",
        "at",
        "mask_origin",
        "note",
        "day",
        "bulk",
        "audited",
    )
    model = case.begun.model if case.begun else {}
    return {
        **{name: getattr(case, name) for name in names},
        "active_minutes": case.seconds / 60,
        "problems": " ".join(case.problems),
        "begun_from": case.begun.origin if case.begun else None,
        "unchanged": case.begun.unchanged if case.begun else None,
        "model_id": model.get("id"),
        "model_sha256": model.get("sha256"),
        "log": log.log,
        "log_head": log.head,
        "log_sound": log.sound,
    }


def _measures(case: CaseReport, name: str) -> dict[str, Any]:
    if case.measures is None:
        return {}
    region = case.measures.regions[name]
    axial, side = region.largest_axial, region.midline
    across = axial.perpendicular if axial else None
    return {
        "volume_ml": region.volume_ml,
        "largest_3d_diameter_mm": region.largest_3d_diameter_mm,
        "diameter_mm": axial.diameter.length_mm if axial else None,
        "perpendicular_mm": across.length_mm if across else None,
        "product_mm2": axial.product_mm2 if axial else None,
        "sum_of_products_mm2": region.sum_of_products_mm2,
        "lesions": len(region.lesions),
        "measurable_lesions": region.measurable_lesions,
        "ignored_ml": region.ignored_ml,
        "side": side.side if side else None,
        "to_midline_mm": side.to_midline_mm if side else None,
    }


def _cost(case: CaseReport, name: str) -> dict[str, Any]:
    cost = case.begun.costs.get(name) if case.begun else None
    return cost.to_dict() if cost else {}
