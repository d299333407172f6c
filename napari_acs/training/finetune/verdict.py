"""Better or worse: what decides whether a fine-tuned model may take the old one's place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MOST_LOST = 0.02
"""Dice that one region may lose while the mean over the regions gains."""
FEW = 2
"""So few held-out cases tell nothing."""

Means = Mapping[str, Mapping[str, float]]
"""Mean scores by region: ``{"WT": {"dice": 0.9, "hd95_mm": 4.0}, ...}``."""


@dataclass(frozen=True)
class Verdict:
    """Whether the new model may be promoted without the user's word.

    Attributes
    ----------
    worse : bool
    why : str
        A sentence with the figures.
    caution : str
        A sentence on how little the figures tell; empty where there are enough cases.
    """

    worse: bool
    why: str
    caution: str = ""


def decide(
    before: Means | None,
    after: Means,
    cases: int,
    *,
    old_before: Means | None = None,
    old_after: Means | None = None,
) -> Verdict:
    """Compare a model with the one it was made from, on the same cases.

    It is worse if its mean Dice over the regions is lower than before on the held-out corrected
    cases, or if any region lost more than `MOST_LOST` on these, or on the old model's own cases
    where they were scored.

    Parameters
    ----------
    before, after : Means
        Of the held-out corrected cases; None before: the parent was untrained, and anything found
        is better.
    cases : int
        How many these were.
    old_before, old_after : Means, optional
        Of the cases that the old model was judged on.
    """
    caution = ""
    if cases <= FEW:
        count = "one held-out case" if cases == 1 else f"{cases} held-out cases"
        caution = (
            f"Only {count}: that tells a broken model from a working one at best, and nothing of "
            "which one is better."
        )
    new = _mean(after)
    if before is None:
        learnt = "Trained" if new > 0 else "Nothing was learnt"
        why = f"{learnt}: mean Dice {new:.3f} on the held-out cases; the old model was untrained."
        return Verdict(new <= 0, why, caution)
    old = _mean(before)
    faults = [f"mean Dice over the regions fell from {old:.3f} to {new:.3f}"] if new < old else []
    faults += _lost(before, after, "on the held-out cases")
    if old_before is not None and old_after is not None:
        faults += _lost(old_before, old_after, "on the old model's own cases")
    if faults:
        return Verdict(True, f"Worse than the old model: {'; '.join(faults)}.", caution)
    held = "rose" if new > old else "stayed"
    why = f"Not worse than the old model: mean Dice {held} from {old:.3f} to {new:.3f}."
    return Verdict(False, why, caution)


def _mean(means: Means) -> float:
    return round(sum(scores["dice"] for scores in means.values()) / len(means), 4)


def _lost(before: Means, after: Means, where: str) -> list[str]:
    return [
        f"{region} fell from {before[region]['dice']:.3f} to {after[region]['dice']:.3f} {where}"
        for region in before
        if round(before[region]["dice"] - after[region]["dice"], 4) > MOST_LOST
    ]
