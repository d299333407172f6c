"""The tables of the comparison, in Markdown, from the rows of a results file."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from comparison.arms import ARMS, smaller
from comparison.statistics import (
    MEAN,
    REGIONS,
    Row,
    difference,
    first_at,
    hd95_quartiles,
    mean_and_spread,
    mean_curve,
    of_run,
    whole_rounds,
)

OURS, PEER = "acs-imagenet", "conv3d-scratch"
PAPER_SMALLER, PAPER_BETTER = 22, 33
"""Percent, from the abstract of doi 10.1007/978-3-031-33842-7_6."""


def report(rows: Sequence[Row]) -> str:
    """Return all tables of one size; a sentence if no fold and seed has been run by every arm."""
    blocks, heads = [], []
    for encoder in dict.fromkeys(row["encoder"] for row in rows):
        of_encoder = [row for row in rows if row["encoder"] == encoder]
        arms = [arm for arm in ARMS if any(row["arm"] == arm for row in of_encoder)]
        kept = whole_rounds(of_encoder, arms)
        if not kept or OURS not in arms:
            continue
        by_arm = {arm: [row for row in kept if row["arm"] == arm] for arm in arms}
        left_out = len(of_encoder) - len(kept)
        heads.append(_head(encoder, by_arm, left_out))
        blocks += [
            f"### {encoder}",
            *([_claim(by_arm)] if PEER in by_arm else []),
            _scores(by_arm),
            _distances(by_arm),
            _differences(by_arm),
            _costs(by_arm),
        ]
    if not blocks:
        return "No fold and seed has been run by every arm yet."
    return "\n\n".join([_setting(rows), "\n".join(heads), *blocks])


def _setting(rows: Sequence[Row]) -> str:
    row = rows[0]
    patch = " x ".join(str(side) for side in row["patch"])
    machines = "; ".join(dict.fromkeys(f"{r['machine']}, on {r['device']}" for r in rows))
    commits = ", ".join(dict.fromkeys(r["commit"] for r in rows))
    return (
        f"Size `{row['size']}`: {row['steps']} steps of {row['batch']} patches of {patch} voxels, "
        f"learning rate {row['rate']:g}, no phantoms. {machines}. Commit {commits}."
    )


def _head(encoder: str, by_arm: dict[str, list[Row]], left_out: int) -> str:
    ours = by_arm[OURS]
    cases = {name for row in ours for name in row["cases"]}
    folds = len({row["fold"] for row in ours})
    seeds = len({row["seed"] for row in ours})
    more = f"; {left_out} more runs, of rounds that not every arm has ended, are left out"
    return (
        f"- {encoder}: {len(ours)} runs an arm ({folds} folds, {seeds} seeds), trained on "
        f"{ours[0]['trained_on']} cases each, {len(cases)} cases judged{more if left_out else ''}."
    )


def _claim(by_arm: dict[str, list[Row]]) -> str:
    ours, theirs = by_arm[OURS], by_arm[PEER]
    gain = difference(ours, theirs, MEAN)
    a, b = (mean_and_spread(rows, MEAN)[0] for rows in (ours, theirs))
    size = smaller(ours[0]["parameters"], theirs[0]["parameters"])
    if not gain.clear:
        verdict = "**not shown here**: the interval holds zero"
    elif gain.mean < 0:
        verdict = "**not so here: native 3D from scratch is better**"
    else:
        verdict = "**so here**, by how much is another matter"
    return (
        f"Paper: about {PAPER_SMALLER} % smaller and about {PAPER_BETTER} % better than native 3D "
        f"without pretraining. Here: {size}, and a mean Dice of {a:.3f} against {b:.3f} "
        f"({(a / b - 1) * 100 if b else float('nan'):+.0f} %); difference by case "
        f"{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}). Smaller: "
        f"{'so here' if ours[0]['parameters'] < theirs[0]['parameters'] else 'not so here'}; "
        f"better: {verdict}."
    )


def _scores(by_arm: dict[str, list[Row]]) -> str:
    lines = ["Dice, mean ± standard deviation over folds and seeds:"]
    body = []
    for arm, rows in by_arm.items():
        cells = [mean_and_spread(rows, region) for region in (*REGIONS, MEAN)]
        body.append([ARMS[arm].title, *(f"{mean:.3f} ± {spread:.3f}" for mean, spread in cells)])
    return "\n\n".join([*lines, _markdown(["arm", *REGIONS, MEAN], body)])


def _distances(by_arm: dict[str, list[Row]]) -> str:
    body = []
    for arm, rows in by_arm.items():
        cells = [hd95_quartiles(rows, region) for region in REGIONS]
        body.append(
            [
                ARMS[arm].title,
                *(f"{middle:.1f} ({low:.1f} to {high:.1f})" for low, middle, high in cells),
            ]
        )
    title = (
        "HD95 in mm, median (quartiles) over cases and seeds; 373 where one mask alone is empty:"
    )
    return f"{title}\n\n{_markdown(['arm', *REGIONS], body)}"


def _differences(by_arm: dict[str, list[Row]]) -> str:
    body = []
    for arm, rows in by_arm.items():
        if arm == OURS:
            continue
        found = [difference(by_arm[OURS], rows, region) for region in (*REGIONS, MEAN)]
        cells = [
            f"{'**' if d.clear else ''}{d.mean:+.3f}{'**' if d.clear else ''} "
            f"({d.low:+.3f} to {d.high:+.3f})"
            for d in found
        ]
        body.append([ARMS[arm].title, *cells])
    title = (
        f"Dice of {ARMS[OURS].title} minus that of each other arm, paired by case (95 % bootstrap "
        "interval; bold where it leaves out zero):"
    )
    return f"{title}\n\n{_markdown(['minus', *REGIONS, MEAN], body)}"


def _costs(by_arm: dict[str, list[Row]]) -> str:
    curves = {arm: mean_curve(rows) for arm, rows in by_arm.items()}
    target = min(curve[-1][3] for curve in curves.values())
    peer = by_arm.get(PEER)
    body = []
    for arm, rows in by_arm.items():
        row = rows[0]
        look = first_at(curves[arm], target)
        there = ["-", "-", "-", "-"]
        if look is not None:
            epochs = look[0] * row["batch"] / row["trained_on"]
            there = [f"{look[0]:.0f}", f"{epochs:.0f}", f"{look[2]:.0f}", f"{look[1]:.0f}"]
        peaks = [r["peak_mib"] for r in rows if r["peak_mib"] is not None]
        body.append(
            [
                ARMS[arm].title,
                f"{row['parameters'] / 1e6:.2f}",
                f"{row['bytes'] / 1e6:.1f}",
                smaller(row["parameters"], peer[0]["parameters"]) if peer and arm != PEER else "",
                *there,
                f"{median(r['cpu_s'] / r['steps'] for r in rows):.2f}",
                f"{median(peaks):.0f}" if peaks else "-",
            ]
        )
    head = [
        "arm",
        "parameters (M)",
        "file (MB)",
        "than native 3D",
        "steps",
        "epochs",
        "CPU s",
        "wall s",
        "CPU s a step",
        "memory (MiB)",
    ]
    looks = curves[OURS]
    every = looks[1][0] - looks[0][0] if len(looks) > 1 else looks[0][0]
    title = (
        f"Cost. Steps to time: until the mean WT Dice over the runs is {target:.3f}, what the arm "
        f"that ends worst reaches at its end (looked at every {every:.0f} steps; training alone is "
        "timed, one thread; wall time is that of a machine with other work). Memory: peak of "
        "training over what the process held before:"
    )
    return f"{title}\n\n{_markdown(head, body)}"


def tuning_report(rows: Sequence[Row]) -> str:
    """Return the mean Dice of each trial, and the learning rate that is best over all of them."""
    trials = [row for row in rows if row.get("trial")]
    rates = sorted({row["rate"] for row in trials})
    names = dict.fromkeys((row["encoder"], row["arm"]) for row in trials)
    found = {(row["encoder"], row["arm"], row["rate"]): of_run(row, MEAN) for row in trials}
    body = [
        [encoder, ARMS[arm].title, *(_cell(found.get((encoder, arm, rate))) for rate in rates)]
        for encoder, arm in names
    ]
    means = [fmean(v for (_, _, r), v in found.items() if r == rate) for rate in rates]
    body.append(["all", "", *(f"{mean:.3f}" for mean in means)])
    return _markdown(["encoder", "arm", *(f"rate {rate:g}" for rate in rates)], body)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def size_table(sizes: dict[str, dict[str, int]]) -> str:
    """Return the table of :func:`comparison.arms.sizes_of` by encoder."""
    body = [
        [
            encoder,
            f"{found['acs'] / 1e6:.2f}",
            f"{found['soft'] / 1e6:.2f}",
            f"{found['conv3d'] / 1e6:.2f}",
            smaller(found["acs"], found["conv3d"]),
            smaller(found["acs encoder"], found["conv3d encoder"]),
        ]
        for encoder, found in sizes.items()
    ]
    head = ["encoder", "ACS (M)", "soft ACS (M)", "native 3D (M)", "ACS is", "its encoder alone is"]
    return _markdown(head, body)


def _markdown(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    rule = ["---", *(["---:"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *body))
