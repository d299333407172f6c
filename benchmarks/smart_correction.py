"""Clicks that real errors take: the brush, the threshold brush, and a click that grows by itself.

    OMP_NUM_THREADS=1 python benchmarks/smart_correction.py [--work DIR] [--cases A,B] [--clicks N]
        [--choose] [--json OUT]

A robot (`robot_user`) corrects each region by itself, from what a network made of a case that it
never saw (`held_out`) to the expert's mask. The radius of the tools is a multiple of the largest
ball in the error, as a user judges an error's size: which multiple was chosen on seven cases
(--choose repeats it), which are left out of the report. "Best" takes the best of ten radii at every
click, by the expert's mask: no user can. The threshold brush has the range of the region's true
tissue (10th to 90th percentile in FLAIR for WT, else in T1ce; to erase, of what lies within 5 mm
round it), also by the expert's mask. Without the shared data there is nothing to do.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from held_out import DATA, OF_FAST, SETS, Errors, errors_of
from measure import machine, write
from robot_user import Click, Course, Tool, ball, correct
from scipy import ndimage

from napari_acs.review.correct import GLIOMA, Band, Canvas, Change, grow_from, stroke

REGIONS = ("WT", "TC", "ET")
CHOSEN_ON = (
    "BraTS2021_01476",
    "BraTS2021_01477",
    "BraTS20_Training_001",
    "Brats18_2013_20_1",
    "Brats18_CBICA_ABM_1",
    "Brats18_TCIA01_425_1",
    "Brats18_TCIA10_639_1",
)
RADII_MM = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0)
AFTER = (1, 3, 5, 10)
GAIN, GOAL, LOW_GOAL = 0.05, 0.9, 0.85
WORK = Path(tempfile.gettempdir()) / "napari-acs-smart-correction"
SMART, PEERS = "smart click, 6 x", ("brush, 2 x", "threshold brush, 4 x", "brush, best")


def tools(errors: Errors, region: str, *, choose: bool = False) -> dict[str, Tool]:
    """Return the tools by name; to choose from, others."""
    bands = ranges(errors, region)

    def threshold(canvas: Canvas, click: Click, radius_mm: float) -> Change:
        return stroke(canvas, click.at, radius_mm, click.ink, band=bands[click.ink.verb])

    def smart(canvas: Canvas, click: Click, radius_mm: float) -> Change:
        images = list(errors.images.values())
        return grow_from(canvas, click.at, images, click.ink, reach_mm=radius_mm)

    def times(how, factor: float) -> Tool:
        return lambda canvas, click: [
            how(canvas, click, min(max(factor * click.inscribed_mm, RADII_MM[0]), RADII_MM[-1]))
        ]

    def best(how) -> Tool:
        return lambda canvas, click: [how(canvas, click, radius) for radius in RADII_MM]

    if choose:
        found = {f"brush, {f:g} x": times(ball, f) for f in (1, 1.5, 2)}
        found |= {f"threshold brush, {f:g} x": times(threshold, f) for f in (1.5, 2, 3, 4)}
        return found | {f"smart click, {f:g} x": times(smart, f) for f in (3, 4, 6, 8)}
    return {
        "brush, 2 x": times(ball, 2),
        "brush, best": best(ball),
        "threshold brush, 4 x": times(threshold, 4),
        "threshold brush, best": best(threshold),
        SMART: times(smart, 6),
        "smart click, always 15 mm": lambda canvas, click: [smart(canvas, click, 15.0)],
    }


def ranges(errors: Errors, region: str) -> dict[str, Band]:
    """Return the ranges that a user would set, by the expert's mask."""
    name = "flair" if region == "WT" else "t1ce"
    image, truth = errors.images[name], GLIOMA.masks(errors.truth)[region]
    far = ndimage.distance_transform_edt(~truth, errors.spacing)
    within = {"paint": truth, "erase": (far > 0) & (far <= 5) & (image != 0)}
    return {
        verb: Band(image, *map(float, np.percentile(image[where], [10, 90])), name)
        for verb, where in within.items()
    }


def courses(cases: Sequence[Errors], clicks: int, *, choose: bool) -> dict[str, dict[str, Course]]:
    """Return by region and tool, then by case, how the corrections went."""
    found: dict[str, dict[str, Course]] = {}
    for errors in cases:
        for region in REGIONS:
            truth = GLIOMA.masks(errors.truth)[region]
            if not truth.any():  # one click takes all away, with any tool
                continue
            go = partial(correct, errors.made, truth, errors.spacing, region, clicks=clicks)
            for name, tool in tools(errors, region, choose=choose).items():
                found.setdefault(f"{region}, {name}", {})[errors.name] = go(tool=tool)
        print(errors.name, "done", flush=True)
    return found


def to_reach(course: Course, goal: float) -> int:
    """Return the clicks to a Dice; one more than there were where it is not reached."""
    return next((k for k, dice in enumerate(course.dice) if dice >= goal), len(course.dice))


def table(found: dict[str, dict[str, Course]], of: str, names: Sequence[str]) -> None:
    """Print the means over some cases."""
    after = [k for k in AFTER if k < len(next(iter(next(iter(found.values())).values())).dice)]
    columns = ["region, tool", "cases", "Dice before", *(f"after {k}" for k in after)]
    columns += [f"clicks to +{GAIN}", f"end at {GOAL}", f"reach {LOW_GOAL} of those below"]
    columns += ["undone", "CPU ms a click"]
    print(f"\n{of}\n\n| {' | '.join(columns)} |\n| --- |{' ---: |' * (len(columns) - 1)}")
    for what, by_case in found.items():
        runs = [by_case[name] for name in names if name in by_case]
        if not runs:
            continue
        means = [statistics.fmean(run.dice[k] for run in runs) for k in (0, *after)]
        more = [to_reach(run, min(run.dice[0] + GAIN, 1.0)) for run in runs]
        there = sum(run.dice[-1] >= GOAL for run in runs)
        below = [run for run in runs if run.dice[0] < LOW_GOAL]
        reach = sum(max(run.dice) >= LOW_GOAL for run in below)
        ms = 1e3 * statistics.median(s for run in runs for s in run.cpu_s)
        cells = " | ".join(f"{mean:.3f}" for mean in means)
        print(
            f"| {what} | {len(runs)} | {cells} | {statistics.fmean(more):.1f} | {there} | "
            f"{reach} of {len(below)} | {sum(run.undone for run in runs)} | {ms:.1f} |"
        )


def by_case(found: dict[str, dict[str, Course]], names: Sequence[str]) -> None:
    """Print, case by case, the mean Dice over all clicks: of the smart click less its peers'."""
    print(f"\nMean Dice over the clicks: {SMART} less the other, case by case\n")
    for region in REGIONS:
        mine = found[f"{region}, {SMART}"]
        for peer in PEERS:
            theirs = found[f"{region}, {peer}"]
            less = {
                name: statistics.fmean(mine[name].dice[1:])
                - statistics.fmean(theirs[name].dice[1:])
                for name in names
                if name in mine
            }
            better = sum(each > 0 for each in less.values())
            low, high = min(less, key=less.__getitem__), max(less, key=less.__getitem__)
            print(
                f"{region}, {peer}: {statistics.fmean(less.values()):+.4f}, better in {better} of "
                f"{len(less)}; {less[low]:+.3f} ({low}) to {less[high]:+.3f} ({high})"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--cases", default="", help="names; left out: all but the seven")
    parser.add_argument("--clicks", type=int, default=10)
    parser.add_argument("--choose", action="store_true", help="the multiples, on the seven cases")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if not all((DATA / each).is_dir() for each in SETS):
        print(f"Nothing to do: no {', '.join(SETS)} in {DATA}")
        return
    every = sorted(f.name for each in SETS for f in (DATA / each).iterdir() if f.is_dir())
    reported = [n for n in args.cases.split(",") if n] or [n for n in every if n not in CHOSEN_ON]
    names = list(CHOSEN_ON) if args.choose else reported
    cases = errors_of(names, args.work)
    found = courses(cases, args.clicks, choose=args.choose)
    print(machine())
    if args.choose:
        table(found, "The seven cases to choose on", names)
    else:
        five = [name for name in names if name in OF_FAST]
        table(found, "The fast network's five cases", five)
        table(
            found,
            "The others, each by the ensemble's members that never saw it",
            [name for name in names if name not in OF_FAST],
        )
        table(found, "All of these", names)
        by_case(found, names)
    rows = [
        {"what": what, "case": case, **asdict(course)}
        for what, each in found.items()
        for case, course in each.items()
    ]
    write(rows, args.json)


if __name__ == "__main__":
    main()
