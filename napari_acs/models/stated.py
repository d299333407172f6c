"""What a bundle states of its own quality, read from ``metrics`` of its ``model.json``.

The figures are whatever the bundle's maker wrote: nothing is checked here, and what is not written
as `napari-acs train` and `napari-acs evaluate --subsets` write it counts as not stated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any


@dataclass(frozen=True)
class Stated:
    """Mean Dice of every region, and over how many cases; empty where none is stated.

    Attributes
    ----------
    dice : mapping of str to float
        By region name, 0 to 1.
    cases : int
    """

    dice: Mapping[str, float] = field(default_factory=dict)
    cases: int = 0


def subset_key(sequences: Sequence[str]) -> str:
    """Return the key of a subset in ``metrics.subsets``; in the order of the model's channels."""
    return "+".join(sequences)


def stated_quality(metrics: Mapping[str, Any]) -> Stated:
    """Return the mean over the real validation cases (``mean_cases``, ``cases``)."""
    cases = metrics.get("cases")
    means = metrics.get("mean_cases")
    if not isinstance(cases, Mapping) or not isinstance(means, Mapping):
        return Stated()
    dice = {
        name: _share(scores.get("dice")) for name, scores in means.items() if _is_mapping(scores)
    }
    known = {name: value for name, value in dice.items() if value is not None}
    return Stated(known, len(cases)) if known else Stated()


@dataclass(frozen=True)
class StatedClasses:
    """How well a classifier does on patients that it never saw; None where that is not stated.

    Attributes
    ----------
    balanced_accuracy, auroc : float or None
        0 to 1; the area is the mean over classes where there are several.
    auroc_interval : tuple of float
        Low and high end; empty where none is stated.
    patients : int
    """

    balanced_accuracy: float | None = None
    auroc: float | None = None
    auroc_interval: tuple[float, ...] = ()
    patients: int = 0


def stated_classes(metrics: Mapping[str, Any]) -> StatedClasses:
    """Return what a classifier's card states of held-out patients (``metrics.held_out``)."""
    held_out = metrics.get("held_out")
    if not isinstance(held_out, Mapping):
        return StatedClasses()
    ends = held_out.get("auroc_interval")
    low, high = ends if isinstance(ends, list | tuple) and len(ends) == 2 else (None, None)
    known = [end for end in (_share(low), _share(high)) if end is not None]
    patients = held_out.get("patients")
    return StatedClasses(
        _share(held_out.get("balanced_accuracy")),
        _share(held_out.get("auroc")),
        tuple(known) if len(known) == 2 else (),
        patients if isinstance(patients, int) else 0,
    )


def stated_subsets(metrics: Mapping[str, Any]) -> dict[str, Stated]:
    """Return the mean over the same cases for every subset of sequences that is stated."""
    subsets = metrics.get("subsets")
    found: dict[str, Stated] = {}
    for key, entry in subsets.items() if isinstance(subsets, Mapping) else ():
        if not _is_mapping(entry) or not _is_mapping(entry.get("dice")):
            continue
        dice = {name: _share(value) for name, value in entry["dice"].items()}
        known = {name: value for name, value in dice.items() if value is not None}
        count = entry.get("n")
        if known:
            found[str(key)] = Stated(known, count if isinstance(count, int) else 0)
    return found


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _share(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if isfinite(value) and 0 <= value <= 1 else None
