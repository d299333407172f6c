"""Volumes of two raters or methods: how far one is from the other (Bland-Altman)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.agreement.estimate import Estimate, checked_level

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Limits:
    """Bias and limits of agreement of second less first.

    Attributes
    ----------
    bias : Estimate
        Mean difference.
    lower, upper : Estimate
        Between which about 95 % of the differences lie, if they are normally distributed.
    deviation : float
        Standard deviation of the differences.
    unit : str
        Of all of these: ``"ml"``, or ``"%"`` of the mean of both.
    means, differences : tuple of float
        Of each case, for a plot; the means in ml.
    """

    bias: Estimate
    lower: Estimate
    upper: Estimate
    deviation: float
    unit: str
    means: tuple[float, ...]
    differences: tuple[float, ...]


def bland_altman(
    first_ml: ArrayLike, second_ml: ArrayLike, *, relative: bool = False, level: float = 0.95
) -> Limits:
    """Return bias and limits of agreement of two sets of volumes.

    Bland & Altman, Lancet 1:307-310, 1986; the variance of the limits is that of Stat Methods Med
    Res 8:135-160, 1999, section 2.1: s^2 (1/n + 1.96^2 / 2(n - 1)), with Student's t. The limits
    are at 1.96 standard deviations whatever the level of the intervals is.

    Parameters
    ----------
    first_ml, second_ml : array, shape (n)
        One volume a case each; cases must not depend on each other.
    relative : bool
        Differences in % of the mean of both: for volumes whose error grows with them. Cases where
        both are 0 differ by 0 %.
    level : float
        Of the intervals.

    Raises
    ------
    BadInput
        Numbers of cases that differ, fewer than three, or volumes that are none.
    """
    from scipy import stats  # noqa: PLC0415 (it takes a second to load)

    level = checked_level(level)
    first, second = checked_volumes([first_ml, second_ml], fewest=3)
    means = (first + second) / 2
    differences = second - first
    if relative:
        differences = 100 * np.divide(
            differences, means, out=np.zeros_like(differences), where=means > 0
        )
    n = len(differences)
    bias, deviation = float(differences.mean()), float(differences.std(ddof=1))
    z = float(stats.norm.ppf(0.975))
    t = float(stats.t.ppf((1 + level) / 2, n - 1))
    of_bias = t * deviation * np.sqrt(1 / n)
    of_limit = t * deviation * np.sqrt(1 / n + z**2 / (2 * (n - 1)))

    def around(value: float, half: float, how: str) -> Estimate:
        return Estimate(value, float(value - half), float(value + half), level, how)

    approximate = "Student's t with the variance of Bland & Altman 1999"
    return Limits(
        around(bias, of_bias, "Student's t"),
        around(bias - z * deviation, of_limit, approximate),
        around(bias + z * deviation, of_limit, approximate),
        deviation,
        "%" if relative else "ml",
        tuple(means.tolist()),
        tuple(differences.tolist()),
    )


def checked_volumes(volumes: list[ArrayLike], fewest: int) -> list[NDArray[np.float64]]:
    """Return volumes of raters as arrays of one length.

    Raises
    ------
    BadInput
        Numbers of cases that differ, fewer than ``fewest``, or volumes that are none.
    """
    arrays = [np.asarray(each, np.float64) for each in volumes]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1 or arrays[0].ndim != 1 or len(arrays[0]) < fewest:
        raise BadInput(
            "The volumes cannot be compared",
            found=f"arrays of shape {', '.join(str(a.shape) for a in arrays)}",
            expected=f"one volume a case of every rater, {fewest} or more cases",
            do="Leave out the cases that not all have measured",
        )
    if not all(np.isfinite(array).all() and (array >= 0).all() for array in arrays):
        raise BadInput(
            "The volumes cannot be compared",
            found="one that is negative or no number",
            expected="ml, 0 or more",
        )
    return arrays
