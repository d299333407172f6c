"""Agreement of decisions beyond chance, of two raters or more."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.agreement.estimate import PLAIN, Estimate, Resampling, over_cases

if TYPE_CHECKING:
    from numpy.typing import NDArray

Weights = Literal["linear", "quadratic"]


@dataclass(frozen=True)
class Kappa:
    """How far raters agree beyond chance.

    Attributes
    ----------
    kappa : Estimate, optional
        1 full agreement, 0 what chance gives. None where it is not defined: all decisions are
        the same, so that chance agrees fully too.
    observed, expected : float
        Share of agreement that there is, and that chance gives; weighted where kappa is.
    cases, raters : int
    categories : tuple of str
        In the order of the weights.
    weights : str
        ``"none"``, ``"linear"`` or ``"quadratic"``.
    """

    kappa: Estimate | None
    observed: float
    expected: float
    cases: int
    raters: int
    categories: tuple[str, ...]
    weights: str = "none"


def cohen_kappa(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    *,
    categories: Sequence[Hashable] | None = None,
    weights: Weights | None = None,
    how: Resampling = PLAIN,
) -> Kappa:
    """Return Cohen's kappa of two raters' decisions on the same cases.

    Cohen, Educ Psychol Meas 20:37-46, 1960; weighted: Psychol Bull 70:213-220, 1968.

    Parameters
    ----------
    first, second : sequence
        One decision a case.
    categories : sequence, optional
        All possible decisions, in their order; needed for weights.
    weights : str, optional
        How much a difference counts: by the steps between the categories, or their square.
    how : Resampling
        Of cases, for the interval.

    Raises
    ------
    BadInput
        Numbers of cases that differ, no case, a decision that is no category, or weights without
        categories.
    """
    if len(first) != len(second):
        raise BadInput(
            "The two raters did not decide on the same cases",
            found=f"{len(first)} and {len(second)} decisions",
            expected="one decision of each rater on every case",
            do="Leave out the cases that only one of them has seen",
        )
    if weights is not None and categories is None:
        raise BadInput(
            "Weighted kappa needs the order of the categories",
            expected="all categories, from the lowest to the highest",
        )
    codes, names = _coded([first, second], categories)
    count = len(names)
    ranks = np.arange(count)
    apart = np.abs(ranks[:, None] - ranks[None]).astype(float)
    if weights is None:
        apart = (apart > 0).astype(float)
    elif weights == "quadratic":
        apart = apart**2
    apart /= max(apart.max(), 1)

    def disagreement(cases: NDArray[np.intp]) -> tuple[float, float]:
        pairs = codes[0, cases] * count + codes[1, cases]
        table = np.bincount(pairs, minlength=count**2).reshape(count, count) / len(cases)
        chance = np.outer(table.sum(axis=1), table.sum(axis=0))
        return float((apart * table).sum()), float((apart * chance).sum())

    def kappa(cases: NDArray[np.intp]) -> float:
        seen, chance = disagreement(cases)
        return 1 - seen / chance if chance > 0 else np.nan

    seen, chance = disagreement(np.arange(codes.shape[1]))
    found = over_cases(kappa, codes.shape[1], how)
    return Kappa(found, 1 - seen, 1 - chance, codes.shape[1], 2, names, weights or "none")


def fleiss_kappa(
    decisions: Sequence[Sequence[Hashable]],
    *,
    categories: Sequence[Hashable] | None = None,
    how: Resampling = PLAIN,
) -> Kappa:
    """Return Fleiss' kappa of several raters' decisions on the same cases.

    Fleiss, Psychol Bull 76:378-382, 1971. Raters need not be the same ones for every case.

    Parameters
    ----------
    decisions : sequence of sequence
        One sequence a rater, with one decision a case.
    categories : sequence, optional
        All possible decisions.
    how : Resampling
        Of cases, for the interval.

    Raises
    ------
    BadInput
        Fewer than two raters, numbers of cases that differ, no case, or a decision that is no
        category.
    """
    raters = len(decisions)
    if raters < 2 or len({len(each) for each in decisions}) > 1:
        raise BadInput(
            "The raters did not decide on the same cases",
            found=f"{raters} rater(s) with {', '.join(str(len(e)) for e in decisions)} decisions",
            expected="two or more raters, one decision of each on every case",
            do="Leave out the cases that not all have seen",
        )
    codes, names = _coded(decisions, categories)
    votes = np.stack([(codes == code).sum(axis=0) for code in range(len(names))], axis=1)

    def agreement(cases: NDArray[np.intp]) -> tuple[float, float]:
        some = votes[cases]
        pairs = ((some**2).sum(axis=1) - raters) / (raters * (raters - 1))
        shares = some.sum(axis=0) / (len(cases) * raters)
        return float(pairs.mean()), float((shares**2).sum())

    def kappa(cases: NDArray[np.intp]) -> float:
        seen, chance = agreement(cases)
        return (seen - chance) / (1 - chance) if chance < 1 - 1e-12 else np.nan

    seen, chance = agreement(np.arange(len(votes)))
    return Kappa(over_cases(kappa, len(votes), how), seen, chance, len(votes), raters, names)


def _coded(
    decisions: Sequence[Sequence[Hashable]], categories: Sequence[Hashable] | None
) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return the place of every decision among the categories, shape (raters, cases)."""
    met = {each for rater in decisions for each in rater}
    order = list(categories) if categories is not None else sorted(met, key=str)
    strange = met - set(order)
    if strange or not met:
        raise BadInput(
            "The decisions cannot be compared",
            found=f"the decision {min(map(str, strange))!r}" if strange else "no decision",
            expected=f"one of {', '.join(map(str, order))}" if strange else "one or more cases",
        )
    places = {each: place for place, each in enumerate(order)}
    codes = np.array([[places[each] for each in rater] for rater in decisions], np.intp)
    return codes, tuple(map(str, order))
