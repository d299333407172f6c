"""Means, spreads and paired differences of the rows of a results file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

import numpy as np
from scipy.stats import bootstrap

Row = dict[str, Any]
REGIONS = ("WT", "TC", "ET")
MEAN = "mean"
"""The mean of the three regions, where a region's name is asked for."""


@dataclass(frozen=True)
class Difference:
    """A mean of paired differences by case, and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float
    cases: int

    @property
    def clear(self) -> bool:
        """Return whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def whole_rounds(rows: Iterable[Row], arms: Sequence[str]) -> list[Row]:
    """Return the rows of those folds and seeds that every arm has run.

    Else an arm would be judged on other cases than the next one.
    """
    rows = list(rows)
    ran = {(row["arm"], row["fold"], row["seed"]) for row in rows}
    return [row for row in rows if all((arm, row["fold"], row["seed"]) in ran for arm in arms)]


def of_run(row: Row, region: str) -> float:
    """Return the mean Dice of a run over its held-out cases."""
    return fmean(_dice(case, region) for case in row["cases"].values())


def mean_and_spread(rows: Sequence[Row], region: str) -> tuple[float, float]:
    """Return mean and standard deviation over runs (folds and seeds) of a run's mean Dice."""
    values = [of_run(row, region) for row in rows]
    return fmean(values), stdev(values) if len(values) > 1 else 0.0


def hd95_quartiles(rows: Sequence[Row], region: str) -> tuple[float, float, float]:
    """Return lower quartile, median and upper quartile over cases and seeds, in mm."""
    values = [case[region]["hd95_mm"] for row in rows for case in row["cases"].values()]
    low, middle, high = np.percentile(values, (25, 50, 75))
    return float(low), float(middle), float(high)


def difference(ours: Sequence[Row], theirs: Sequence[Row], region: str) -> Difference:
    """Return by how much our Dice is higher, case by case.

    A case's difference is the mean over seeds, of the same folds and seeds in both; the cases are
    then drawn with replacement, 9 999 times. It says how sure one can be of these networks on
    other patients like these, not on other training sets.
    """
    by_case: dict[str, list[float]] = {}
    other = {(row["fold"], row["seed"]): row for row in theirs}
    for row in ours:
        match = other.get((row["fold"], row["seed"]))
        for name, case in row["cases"].items() if match else ():
            gain = _dice(case, region) - _dice(match["cases"][name], region)
            by_case.setdefault(name, []).append(gain)
    gains = np.array([fmean(values) for values in by_case.values()])
    if len(gains) < 2 or np.ptp(gains) == 0:
        value = float(gains.mean()) if len(gains) else float("nan")
        return Difference(value, value, value, len(gains))
    drawn = bootstrap((gains,), np.mean, method="percentile", rng=np.random.default_rng(0))
    low, high = drawn.confidence_interval
    return Difference(float(gains.mean()), float(low), float(high), len(gains))


def mean_curve(rows: Sequence[Row]) -> list[list[float]]:
    """Return the mean over runs of [step, wall s, CPU s, Dice of WT, TC, ET] at every look."""
    length = min(len(row["curve"]) for row in rows)
    curves = np.array([row["curve"][:length] for row in rows], float)
    return [list(map(float, look)) for look in curves.mean(axis=0)]


def first_at(curve: Sequence[Sequence[float]], dice: float) -> Sequence[float] | None:
    """Return the first look of a curve whose WT Dice is that or more."""
    return next((look for look in curve if look[3] >= dice), None)


def _dice(case: dict[str, dict[str, float]], region: str) -> float:
    if region == MEAN:
        return fmean(case[name]["dice"] for name in REGIONS)
    return float(case[region]["dice"])
