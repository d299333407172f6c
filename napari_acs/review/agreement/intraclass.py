"""How much of the differences between volumes is between cases: the intraclass correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.review.agreement.estimate import Estimate, checked_level
from napari_acs.review.agreement.limits import checked_volumes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Intraclass:
    """Agreement of volumes among raters.

    Attributes
    ----------
    icc : Estimate
        ICC(2,1): 1 where all raters agree on every case; may be below 0.
    cases, raters : int
    """

    icc: Estimate
    cases: int
    raters: int


def icc(volumes_ml: Sequence[ArrayLike], *, level: float = 0.95) -> Intraclass:
    """Return ICC(2,1): two-way random effects, absolute agreement, a single rater.

    Shrout & Fleiss, Psychol Bull 86:420-428, 1979; interval: McGraw & Wong, Psychol Methods
    1:30-46, 1996, table 7, case 2A ICC(A,1), with F distributions.

    Parameters
    ----------
    volumes_ml : sequence of array
        One array a rater, with one volume a case.
    level : float
        Of the interval.

    Raises
    ------
    BadInput
        Fewer than two raters or three cases, numbers of cases that differ, volumes that are none,
        or volumes of each rater that are equal over the cases: how much of the differences is
        between cases is then 0 of 0.
    """
    from scipy import stats  # noqa: PLC0415 (it takes a second to load)

    level = checked_level(level)
    if len(volumes_ml) < 2:
        raise BadInput(
            "The volumes of one rater have nothing to agree with",
            expected="two or more raters",
        )
    table = np.stack(checked_volumes(list(volumes_ml), fewest=3), axis=1)
    n, k = table.shape
    mean, rows, columns = table.mean(), table.mean(axis=1), table.mean(axis=0)
    msr = k * ((rows - mean) ** 2).sum() / (n - 1)
    msc = n * ((columns - mean) ** 2).sum() / (k - 1)
    residual = table - rows[:, None] - columns[None] + mean
    mse = (residual**2).sum() / ((n - 1) * (k - 1))
    whole = msr + (k - 1) * mse + k * (msc - mse) / n
    if not np.ptp(table, axis=0).any() or not whole > 0:
        raise BadInput(
            "The intraclass correlation is not defined",
            found="volumes that do not differ between cases",
            expected="cases of different size",
        )
    value = (msr - mse) / whole
    if value > 1 - 1e-12:  # the raters agree to the last digit
        return Intraclass(Estimate(1.0, 1.0, 1.0, level, "full agreement"), n, k)
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    tail = (1 + level) / 2
    with np.errstate(invalid="ignore"):  # raters who contradict each other: 0 of 0, infinity
        freedom = (a * msc + b * mse) ** 2 / (
            (a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1))
        )
        f_low = stats.f.ppf(tail, n - 1, freedom)
        f_high = stats.f.ppf(tail, freedom, n - 1)
        rest = k * msc + (k * n - k - n) * mse
        low = n * (msr - f_low * mse) / (f_low * rest + n * msr)
        high = n * (f_high * msr - mse) / (rest + n * f_high * msr)
    how = "F distributions, McGraw & Wong 1996"
    if not np.isfinite([low, high]).all():
        return Intraclass(Estimate(float(value), None, None, level, "not defined"), n, k)
    return Intraclass(Estimate(float(value), float(low), float(high), level, how), n, k)
