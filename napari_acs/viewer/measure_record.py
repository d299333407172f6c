"""Measures as JSON and CSV that name no patient."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from napari_acs.review.edits.cost import EDIT_DEFINITIONS
from napari_acs.review.measure.one_label import one_label_note
from napari_acs.viewer.study_told import study_told

if TYPE_CHECKING:
    from napari_acs.viewer.diameters import HandDiameters
    from napari_acs.viewer.measuring import MaskCost, Measured

RESEARCH = "Research only. Not a medical device; not for clinical use."


def record_of(
    measured: Measured,
    by_hand: HandDiameters | None = None,
    cost: MaskCost | None = None,
    active_s: float | None = None,
) -> dict[str, Any]:
    """Return the JSON-ready record; the study bears a pseudonym (`study_told`).

    Parameters
    ----------
    measured : Measured
    by_hand : HandDiameters, optional
    cost : MaskCost, optional
    active_s : float, optional
        Seconds that the reader was at the mask, where a review session knows.

    Raises
    ------
    BadInput
        The secret of the pseudonyms can be neither read nor created.
    """
    info = measured.request.mask.info
    model = (info.provenance or {}).get("model", {})
    return {
        "format": 1,
        "statement": RESEARCH,
        "study": study_told(info),
        "model": {key: model[key] for key in ("id", "version") if key in model} or None,
        "measures": measured.measures.to_dict(),
        "labels_note": one_label_note(measured.measures),
        "midline_note": measured.no_midline,
        "diameters_by_hand": None if by_hand is None else asdict(by_hand),
        "edit_cost": None if cost is None else {k: c.to_dict() for k, c in cost.costs.items()},
        "edit_cost_against": None if cost is None else cost.against,
        "edit_cost_definitions": None if cost is None else dict(EDIT_DEFINITIONS),
        "active_minutes": None if active_s is None else active_s / 60,
    }


def json_of(record: Mapping[str, Any]) -> str:
    """Return the record as a file's text."""
    return json.dumps(record, indent=2) + "\n"


def csv_of(record: Mapping[str, Any]) -> str:
    """Return a header, and one line a region."""
    rows = [_row(record, name, found) for name, found in record["measures"]["regions"].items()]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(record: Mapping[str, Any], name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    axial, middle = found["largest_axial"] or {}, found["midline"] or {}
    hand = record["diameters_by_hand"] or {}
    mine = hand if hand.get("region") == name else {}
    cost, minutes = (record["edit_cost"] or {}).get(name, {}), record["active_minutes"]
    return {
        "study": record["study"] or "",
        "region": name,
        "volume_ml": round(found["volume_ml"], 4),
        "diameter_mm": _length(axial.get("diameter")),
        "perpendicular_mm": _length(axial.get("perpendicular")),
        "product_mm2": round(axial["product_mm2"], 2) if axial else "",
        "diameter_3d_mm": round(found["largest_3d_diameter_mm"], 3),
        "lesions": len(found["lesions"]),
        "measurable_lesions": found["measurable_lesions"],
        "sum_of_products_mm2": round(found["sum_of_products_mm2"], 2),
        "side": middle.get("side", ""),
        "to_midline_mm": round(middle["to_midline_mm"], 3) if middle else "",
        "hand_diameter_mm": round(mine["diameter_mm"], 3) if mine else "",
        "hand_perpendicular_mm": round(mine["perpendicular_mm"], 3) if mine else "",
        "hand_product_mm2": round(mine["product_mm2"], 2) if mine else "",
        "hand_angle_deg": round(mine["angle_deg"], 1) if mine else "",
        "hand_note": mine.get("note", ""),
        "dice": cost.get("dice", ""),
        "hd95_mm": cost.get("hd95_mm", ""),
        "surface_dice": cost.get("surface_dice", ""),
        "added_path_length_mm": cost.get("added_path_length_mm", ""),
        "volume_change_ml": cost.get("volume_change_ml", ""),
        "cost_against": record["edit_cost_against"] or "",
        "active_minutes": "" if minutes is None else round(minutes, 3),
        "notes": " ".join(filter(None, (record["labels_note"], record["midline_note"]))),
    }


def _length(line: Mapping[str, Any] | None) -> float | str:
    return round(line["length_mm"], 3) if line else ""
