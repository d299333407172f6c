"""Agreement over all cases: the mean Dice and median HD95 of each kind of pair and region."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.review.agreement.estimate import PLAIN, Estimate, Resampling, over_cases

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.agreement.overlap import Overlap, Relation


@dataclass(frozen=True)
class Summary:
    """Agreement of one kind of pair on one region.

    Attributes
    ----------
    relation, region : str
    cases, pairs : int
    dice : Estimate
        Mean of the cases' means.
    hd95_mm : Estimate
        Median of the cases' means.
    """

    relation: Relation
    region: str
    cases: int
    pairs: int
    dice: Estimate
    hd95_mm: Estimate


def summarise(found: Sequence[Overlap], how: Resampling = PLAIN) -> tuple[Summary, ...]:
    """Sum up overlaps of several cases.

    Pairs of one case depend on each other, so a case counts once, with the mean of its pairs, and
    the bootstrap draws cases.

    Parameters
    ----------
    found : sequence of Overlap
    how : Resampling

    Returns
    -------
    tuple of Summary
        In the order in which kinds of pairs and regions come first.
    """
    groups: dict[tuple[Relation, str], dict[str, list[Overlap]]] = {}
    for each in found:
        cases = groups.setdefault((each.relation, each.region), {})
        cases.setdefault(each.case, []).append(each)
    summaries = []
    for (relation, region), cases in groups.items():
        dice = np.array([np.mean([p.dice for p in pairs]) for pairs in cases.values()])
        hd95 = np.array([np.mean([p.hd95_mm for p in pairs]) for pairs in cases.values()])
        count = sum(map(len, cases.values()))
        summaries.append(
            Summary(
                relation,
                region,
                len(cases),
                count,
                _over(np.mean, dice, how),
                _over(np.median, hd95, how),
            )
        )
    return tuple(summaries)


def _over(
    mean: Callable[[NDArray[np.float64]], np.floating], values: NDArray[np.float64], how: Resampling
) -> Estimate:
    estimate = over_cases(lambda cases: float(mean(values[cases])), len(values), how)
    if estimate is None:
        raise ValueError("overlaps that are no numbers")
    return estimate
