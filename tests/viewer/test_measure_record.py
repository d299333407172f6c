"""The CSV of the Correct panel: every figure of the record under its own heading."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from review.report.studies import UPRIGHT, head

from napari_acs.review.edits.cost import edit_costs
from napari_acs.review.measure.plane import Plane
from napari_acs.review.measure.tumour import measure_tumour
from napari_acs.viewer.measure_record import csv_of

HAND = {
    "region": "TC", "diameter_mm": 41.5, "perpendicular_mm": 20.25, "product_mm2": 840.375,
    "angle_deg": 88.5, "note": "older",
}  # fmt: skip


def test_the_figures_of_the_record_are_those_of_the_table():
    labels = head(UPRIGHT).labels
    measures = measure_tumour(labels, UPRIGHT, Plane((0, 0, 0), (1, 0, 0)))
    costs = edit_costs(np.where(labels == 3, 1, labels), labels, UPRIGHT)
    record = {
        "study": "study-1", "measures": measures.to_dict(), "labels_note": "", "midline_note": "m",
        "diameters_by_hand": HAND, "edit_cost": {k: c.to_dict() for k, c in costs.items()},
        "edit_cost_against": "the model", "active_minutes": 2.5,
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(csv_of(record))))
    assert [row.pop("region") for row in rows] == ["WT", "TC", "ET"]
    for row, name in zip(rows, ("WT", "TC", "ET"), strict=True):
        region, cost = measures.regions[name], costs[name]
        axial, mine = region.largest_axial, HAND if name == "TC" else {}
        numbers = {
            "volume_ml": region.volume_ml,
            "diameter_mm": axial.diameter.length_mm,
            "perpendicular_mm": axial.perpendicular.length_mm,
            "product_mm2": axial.product_mm2,
            "diameter_3d_mm": region.largest_3d_diameter_mm,
            "lesions": len(region.lesions),
            "measurable_lesions": region.measurable_lesions,
            "sum_of_products_mm2": region.sum_of_products_mm2,
            "to_midline_mm": region.midline.to_midline_mm,
            "dice": cost.dice,
            "hd95_mm": cost.hd95_mm,
            "surface_dice": cost.surface_dice,
            "added_path_length_mm": cost.added_path_length_mm,
            "volume_change_ml": cost.volume_change_ml,
            "active_minutes": 2.5,
            **{f"hand_{key}": mine[key] for key in HAND if key not in {"region", "note"} and mine},
        }
        for key, value in numbers.items():
            assert float(row.pop(key)) == pytest.approx(value, abs=0.01), key
        words = {"study": "study-1", "side": "left", "cost_against": "the model", "notes": "m"}
        words["hand_note"] = mine.get("note", "")
        assert {key: value for key, value in row.items() if value} == {
            key: value for key, value in words.items() if value
        }
