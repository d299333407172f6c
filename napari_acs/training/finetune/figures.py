"""Dice and HD95 of a model, by case and region, before and after: the whole pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_acs.imaging.cancel import Cancelled, never
from napari_acs.inference import evaluate
from napari_acs.inference.messages import Message
from napari_acs.training.finetune.verdict import Verdict, decide
from napari_acs.training.judge import judge
from napari_acs.training.layouts.labelled import AnyCase

if TYPE_CHECKING:
    from napari_acs.models import Bundle
    from napari_acs.training.finetune.run import Plan

HELD_OUT, OLD = "cases", "old_cases"
"""Groups in ``metrics``: the held-out corrected cases, and those the old model was judged on."""

Figures = dict[str, Any]
"""By group, by case, by region, ``dice`` and ``hd95_mm``; means under ``mean_`` and the group."""


def figures_of(
    bundle: Bundle,
    plan: Plan,
    device: str,
    *,
    atlas: Path | None = None,
    cancelled: Callable[[], bool] = never,
    progress: Callable[[str, float], None] = lambda _name, _part: None,
) -> Figures:
    """Score a bundle as ``napari-acs evaluate`` does.

    Parameters
    ----------
    bundle : Bundle
    plan : Plan
        Whose held-out and judged cases, and fresh phantoms, are scored.
    device : str
    atlas : Path, optional
        Tissue maps of the plan's phantoms; none are drawn without it.
    cancelled : callable
    progress : callable
        Told the case at work, and the finished part of all cases.

    Raises
    ------
    BadInput
        If a case or the model does not do.
    Cancelled
    """
    groups = {HELD_OUT: plan.split.held_out, OLD: plan.split.judged}
    total = sum(map(len, groups.values()))
    found: Figures = {}
    done = 0
    for group, cases in groups.items():
        if cases:
            found |= _scored(bundle, group, cases, device, (done, total), cancelled, progress)
            done += len(cases)
    if atlas is not None and plan.phantoms:
        drawn = judge(bundle, [], atlas, plan.phantoms, say=lambda name: progress(name, 1.0))
        found |= {key: value for key, value in drawn.items() if "phantoms" in key}
    return found


def verdict_of(before: Figures | None, after: Figures) -> Verdict:
    """Compare the figures of the old model and the new one, see `decide`."""
    mean, old = f"mean_{HELD_OUT}", f"mean_{OLD}"
    return decide(
        before[mean] if before else None,
        after[mean],
        len(after[HELD_OUT]),
        old_before=before.get(old) if before else None,
        old_after=after.get(old),
    )


def _scored(
    bundle: Bundle,
    group: str,
    cases: Sequence[AnyCase],
    device: str,
    place: tuple[int, int],
    cancelled: Callable[[], bool],
    progress: Callable[[str, float], None],
) -> Figures:
    first, total = place

    def show(number: int, _message: Message) -> None:
        progress(cases[number].name, (first + number) / total)

    done = evaluate(bundle, cases, device, cancelled=cancelled, progress=show)
    if not done.complete:
        raise Cancelled
    scores = {
        case.case: {
            name: {"dice": round(s.dice, 4), "hd95_mm": round(s.hd95_mm, 4)}
            for name, s in case.regions.items()
        }
        for case in done.cases
    }
    means = {
        name: {metric: round(value, 4) for metric, value in values.items()}
        for name, values in done.means().items()
    }
    return {group: scores, f"mean_{group}": means}
