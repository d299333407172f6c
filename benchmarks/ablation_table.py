"""The ablation's table: what each ingredient gives, from the runs' results.

Not a benchmark itself: ``ablation.py`` imports it.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import mean

import numpy as np
from scipy.stats import bootstrap

REGIONS = ("WT", "TC", "ET")
Side = tuple[str, str]
"""Arm, and the way its networks were judged."""

BASE: Side = ("baseline", "average")
ROWS: tuple[tuple[str, Side, Side], ...] = (
    ("EfficientNet-Lite0 instead of MobileNetV2", ("EfficientNet-Lite0", "average"), BASE),
    ("phantoms, 30 % of samples", ("phantoms", "average"), BASE),
    ("phantom pretraining, 150 steps more", ("phantom pretraining", "average"), BASE),
    ("real cases, 150 steps more (control)", ("longer", "average"), BASE),
    (
        "phantom pretraining against the control",
        ("phantom pretraining", "average"),
        ("longer", "average"),
    ),
    ("carved tumours, 50 % of patches", ("carve", "average"), BASE),
    ("enhancement taken away, 40 % of patches", ("unenhanced", "average"), BASE),
    ("deep supervision", ("deep supervision", "average"), BASE),
    ("sequence dropping", BASE, ("no dropping", "average")),
    (
        "sequence dropping, T1ce and FLAIR only",
        ("baseline", "T1ce and FLAIR"),
        ("no dropping", "T1ce and FLAIR"),
    ),
    ("strong intensity changes", BASE, ("no intensity", "average")),
    ("turning, scaling, bending", BASE, ("no shape", "average")),
    ("weight averaging (EMA)", BASE, ("baseline", "last weights")),
    ("test-time flip, left-right", ("baseline", "flipped x"), BASE),
    ("test-time flips, all eight", ("baseline", "flipped x, y, z"), BASE),
)
"""Ingredient, with it, without it."""

Scores = dict[tuple[int, str], dict[str, float]]
"""Dice by region of every seed and case."""


def table(results: list[dict]) -> str:
    """Return the table in Markdown, of as many runs as there are; both halves count alike."""
    sides = _sides(results)
    counts = f"{len(results)} runs, {len({r['seed'] for r in results})} seeds"
    lines = [
        f"{counts}; Dice of the baseline: {_dice(sides.get(BASE, {}))}",
        "",
        "| ingredient | WT | TC | ET | mean (95 %) | cases, pairs | verdict |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, with_it, without in ROWS:
        gains, pairs = _gains(sides.get(with_it, {}), sides.get(without, {}))
        lines.append(_row(name, gains, pairs))
    lines.append(_row("nothing: another seed", *_seeds_apart(sides.get(BASE, {})), verdict=False))
    return "\n".join([*lines, "", *_costs(results)])


def _sides(results: list[dict]) -> dict[Side, Scores]:
    sides: dict[Side, Scores] = defaultdict(dict)
    for result in results:
        for way, cases in result["dice"].items():
            for case, scores in cases.items():
                sides[result["arm"], way][result["seed"], case] = scores
    return dict(sides)


def _gains(with_it: Scores, without: Scores) -> tuple[dict[str, list[float]], int]:
    """Return each case's gain by region, mean over the seeds that both sides have."""
    gains: dict[str, list[dict[str, float]]] = defaultdict(list)
    for seed, case in sorted(with_it.keys() & without.keys()):
        ours, theirs = with_it[seed, case], without[seed, case]
        gains[case].append({region: ours[region] - theirs[region] for region in REGIONS})
    by_region = {
        region: [mean(g[region] for g in of_case) for of_case in gains.values()]
        for region in REGIONS
    }
    return by_region, sum(map(len, gains.values()))


def _seeds_apart(base: Scores) -> tuple[dict[str, list[float]], int]:
    first = {(0, case): scores for (seed, case), scores in base.items() if seed == 0}
    other = {(0, case): scores for (seed, case), scores in base.items() if seed == 1}
    return _gains(other, first)


def _row(name: str, gains: dict[str, list[float]], pairs: int, *, verdict: bool = True) -> str:
    if pairs < 3:
        return f"| {name} | | | | not run | {pairs} | |"
    means = np.mean([gains[region] for region in REGIONS], axis=0)
    low, high = interval(means)
    word = ("kept" if low > 0 else "not kept") if verdict else ""
    each = " | ".join(f"{np.mean(gains[region]):+.3f}" for region in REGIONS)
    overall = f"{means.mean():+.3f} ({low:+.3f} to {high:+.3f})"
    return f"| {name} | {each} | {overall} | {len(means)}, {pairs} | {word} |"


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the mean of values, one a case."""
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    rng = np.random.default_rng(0)
    found = bootstrap((values,), np.mean, method="percentile", random_state=rng)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def _dice(scores: Scores) -> str:
    if not scores:
        return "not run"
    return ", ".join(f"{r} {mean(s[r] for s in scores.values()):.3f}" for r in REGIONS)


def _costs(results: list[dict]) -> list[str]:
    lines = ["| arm | Dice WT | TC | ET | steps | CPU seconds a run |", "| --- | " + "---: | " * 5]
    for arm in dict.fromkeys(r["arm"] for r in results):
        mine = [r for r in results if r["arm"] == arm]
        cases = [s for r in mine for s in r["dice"]["average"].values()]
        dice = " | ".join(f"{mean(s[region] for s in cases):.3f}" for region in REGIONS)
        seconds = mean(r["seconds"] for r in mine)
        lines.append(f"| {arm} | {dice} | {mine[0]['steps']} | {seconds:.0f} |")
    return lines
