"""What held-out patients say of the classifier, as numbers and as the card's tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.training.classification.reliability import calibration_error
from napari_acs.training.sequences.judge import (
    chances,
    confusion,
    fitted_temperature,
)
from napari_acs.training.sequences.pool import CLASSES, Pool

if TYPE_CHECKING:
    from numpy.typing import NDArray

GROUPS = {
    "stripped, as they came": ("clean",),
    "real heads, as they came": ("native",),
    "stripped, scanned again": ("again",),
    "real heads, scanned again": ("native-again",),
    "with a made-up scalp, scanned again": ("scalp",),
}
"""Groups of kinds (see `Pool`) that are reported apart, with all of the last class beside them."""
_REAL = ("clean", "native")


def held_out_logits(work: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return indices of the pool, and the logits of the networks that never saw that patient."""
    found = []
    for file in sorted(work.glob("logits-[0-9].npz")):
        with np.load(file) as archive:
            found.append((archive["where"], archive["logits"]))
    where, logits = (np.concatenate(part) for part in zip(*found, strict=True))
    return where, logits


def judged(pool: Pool, where: NDArray[np.int64], logits: NDArray[np.float64]) -> dict[str, Any]:
    """Return temperature, accuracies, confusion and calibration, as ``metrics`` of the bundle."""
    truth, kinds = pool.classes[where], pool.kinds[where]
    temperature = fitted_temperature(logits, truth)
    before, after = chances(logits), chances(logits, temperature)
    right = after.argmax(axis=1) == truth
    real = np.isin(kinds, _REAL)
    groups: dict[str, dict[str, Any]] = {}
    for name, those in [*GROUPS.items(), ("other images", None)]:
        chosen = np.isin(kinds, those) if those else truth == len(CLASSES) - 1
        groups[name] = {
            "volumes": int(chosen.sum()),
            "patients": len(set(pool.patients[where][chosen].tolist())),
            "accuracy": round(float(right[chosen].mean()), 4),
            "ece": round(calibration_error(after[chosen], truth[chosen]), 4),
        }
    sure = real & (after.max(axis=1) >= 0.9)
    return {
        "protocol": "5 folds by patient; every volume is judged by a network that never saw it",
        "temperature": round(temperature, 4),
        "groups": groups,
        "ece_before": round(calibration_error(before, truth), 4),
        "ece_after": round(calibration_error(after, truth), 4),
        "sure_share": round(float(sure.sum() / real.sum()), 4),
        "sure_accuracy": round(float(right[sure].mean()), 4),
        "confusion_real": confusion(after[real], truth[real], len(CLASSES)).tolist(),
        "confusion_all": confusion(after, truth, len(CLASSES)).tolist(),
        "mistakes_real": [
            f"{pool.patients[where[i]]} ({kinds[i]}): {CLASSES[truth[i]]} taken for "
            f"{CLASSES[after[i].argmax()]} ({after[i].max():.2f})"
            for i in np.flatnonzero(real & ~right)
        ],
    }


def tables(metrics: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the card's section of results."""
    yield "| held-out volumes | patients | volumes | right | calibration error |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, group in metrics["groups"].items():
        yield (
            f"| {name} | {group['patients']} | {group['volumes']} | {group['accuracy']:.1%} | "
            f"{group['ece']:.3f} |"
        )
    yield ""
    yield (
        f"Calibration error of all of them: {metrics['ece_before']:.3f} before, "
        f"{metrics['ece_after']:.3f} after the logits are divided by {metrics['temperature']:.2f} "
        "(fitted on these same held-out logits, one number). Of the volumes as they came "
        f"{metrics['sure_share']:.0%} are told with a confidence of 0.9 or more, and "
        f"{metrics['sure_accuracy']:.1%} of these rightly."
    )
    yield ""
    yield "What each was taken for, volumes as they came (rows: what it is):"
    yield ""
    yield from _confusion(metrics["confusion_real"])
    yield ""
    yield "All held-out images, with made-up scalps, scanners and other images:"
    yield ""
    yield from _confusion(metrics["confusion_all"])
    if metrics["mistakes_real"]:
        yield ""
        yield (
            "Mistakes among the volumes as they came: " + "; ".join(metrics["mistakes_real"]) + "."
        )


def _confusion(table: list[list[int]]) -> Iterator[str]:
    yield "| | " + " | ".join(CLASSES) + " |"
    yield "| --- |" + " ---: |" * len(CLASSES)
    for name, row in zip(CLASSES, table, strict=True):
        if any(row):
            yield f"| {name} | " + " | ".join(map(str, row)) + " |"
