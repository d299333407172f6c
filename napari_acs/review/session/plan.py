"""Who reads what, in which order, and when the masks of others are seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, get_args

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.session.state import Ai

AI_CHOICES: tuple[str, ...] = get_args(Ai)


@dataclass(frozen=True)
class Planned:
    """One reading: a case's name, and when the masks of others are seen."""

    case: str
    ai: Ai

    def record(self) -> dict[str, Any]:
        """Return it as the log holds it."""
        return {"case": self.case, "ai": self.ai}


def make_plan(
    cases: Sequence[str],
    *,
    ai: Ai = "shown",
    repeats: float = 0.0,
    shuffled: bool = False,
    seed: int | Sequence[int] = 0,
) -> list[Planned]:
    """Return the readings of one rater, in order.

    Parameters
    ----------
    cases : sequence of str
        Names, in the order that they were given.
    ai : {"hidden", "shown", "after"}
    repeats : float
        Part of the cases (0 to 1) that is read a second time, to measure how far a reader agrees
        with themselves. They are mixed in, so the order is drawn then, too.
    shuffled : bool
        Draw the order.
    seed : int or sequence of int
        The same seed draws the same plan.

    Raises
    ------
    BadInput
        Numbers out of range.
    """
    if not 0 <= repeats <= 1:
        raise BadInput("repeats", found=f"{repeats:g}", expected="a part of the cases, 0 to 1")
    if ai not in AI_CHOICES:
        raise BadInput("ai", found=repr(ai), expected=", ".join(AI_CHOICES))
    order = list(cases)
    if shuffled or repeats:
        draw = np.random.default_rng(seed)
        again = draw.choice(len(order), round(repeats * len(order)), replace=False)
        order += [order[index] for index in again]
        for _ in range(1000):  # a repeat right after its first reading measures memory
            mixed = [order[index] for index in draw.permutation(len(order))]
            if all(a != b for a, b in pairwise(mixed)):
                break
        else:
            mixed = list(cases) + [order[index] for index in again]
        order = mixed
    return [Planned(case, ai) for case in order]
