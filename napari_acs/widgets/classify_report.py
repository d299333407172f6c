"""A classification as text, as JSON and as a line of CSV; none of them names the patient."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_acs.inference.classification import Classified
    from napari_acs.models.spec import ClassifierSpec

RESEARCH = "Research only. Not a medical device; not for clinical use."
_NAMES = frozenset({"file", "files", "study", "name", "source"})


def record_of(end: Classified, spec: ClassifierSpec) -> dict[str, Any]:
    """Return the JSON-ready record; names of files and studies are left out: they name patients."""
    found = end.classification
    far = found.outlier
    return {
        "format": 1,
        "named": list(found.named),
        "abstained": not found.named,
        "probabilities": {name: round(p, 4) for name, p in found.probabilities.items()},
        "intervals": {name: list(ends) for name, ends in found.intervals.items()},
        "prediction_set": None if found.prediction_set is None else list(found.prediction_set),
        "coverage": found.coverage,
        "outlier": None
        if far is None
        else {
            "distance": far.distance,
            "limit": far.limit,
            "far": far.far,
            "reason": far.reason,
        },
        "classes": {one.name: one.title for one in found.classes},
        "abstain_below": found.abstain_below,
        "model": {"id": spec.id, "version": spec.version, "licence": spec.licence},
        "intended_use": spec.intended_use,
        "notes": list(end.notes),
        "provenance": _unnamed(found.provenance),
    }


def csv_of(record: Mapping[str, Any]) -> str:
    """Return a header and one line."""
    row = {
        "model": record["model"]["id"],
        "version": record["model"]["version"],
        "named": " ".join(record["named"]),
        "abstained": record["abstained"],
        "outlier": "" if record["outlier"] is None else record["outlier"]["far"],
        **{f"p_{name}": p for name, p in record["probabilities"].items()},
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue()


def facts_of(spec: ClassifierSpec) -> str:
    """Return the model's data, metrics and licence, a line each."""
    metrics = _metrics_of(spec.metrics)
    return "\n".join(
        (
            f"Model: {spec.title} ({spec.version})",
            f"Data: {'; '.join(spec.data) or 'not stated'}",
            f"Metrics: {metrics or 'not measured'}",
            f"Licence: {spec.licence}",
        )
    )


_CHANCE = 0.5
_FIGURES = {
    "balanced_accuracy": "balanced accuracy",
    "accuracy": "accuracy",
    "auroc": "AUROC",
    "brier": "Brier score",
    "ece": "calibration error",
}


def _metrics_of(metrics: Mapping[str, Any]) -> str:
    """Say what held-out patients say of the model."""
    held = metrics.get("held_out", metrics)
    said = []
    for key, title in _FIGURES.items():
        if isinstance(held.get(key), int | float):
            ends = held.get(f"{key}_interval")
            interval = f" ({ends[0]:.2f} to {ends[1]:.2f})" if ends else ""
            said.append(f"{title} {held[key]:.2f}{interval}")
    if said and "patients" in held:
        said.append(f"on {held['patients']} held-out patients")
    area = held.get("auroc_interval")
    chance = area is not None and area[0] <= _CHANCE
    return ", ".join(said) + ("; NO BETTER THAN CHANCE by these figures" if chance else "")


def moved_of(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """Say how far each probability moved by an edit of the mask."""
    each = (
        f"{name} {before[name]:.2f} -> {p:.2f} ({p - before[name]:+.2f})"
        for name, p in after.items()
        if name in before
    )
    return f"{', '.join(each)} after your edit"


def _unnamed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _unnamed(v) for k, v in value.items() if k not in _NAMES}
    if isinstance(value, list | tuple):
        return [_unnamed(one) for one in value]
    return value
