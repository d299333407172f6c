"""A number with its interval, and intervals by resampling cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray


FEWEST = 3
"""Cases below which there is no interval: over one or two it would say more than they do."""


@dataclass(frozen=True)
class Estimate:
    """A number and an interval for it; `dataclasses.asdict` makes it JSON-ready.

    Attributes
    ----------
    value : float
    low, high : float or None
        None where there are too few cases for an interval, or it is not defined.
    level : float
        Of confidence: 0.95.
    how : str
        How the interval was found.
    """

    value: float
    low: float | None
    high: float | None
    level: float
    how: str

    def said(self, digits: int) -> str:
        """Return it as text, with its interval where it has one."""
        if self.low is None or self.high is None:
            return f"{self.value:z.{digits}f}"
        return f"{self.value:z.{digits}f} ({self.low:z.{digits}f} to {self.high:z.{digits}f})"


def checked_level(level: float) -> float:
    """Return a level of confidence.

    Raises
    ------
    BadInput
        It is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise BadInput(
            "The level of confidence is none",
            found=f"{level:g}",
            expected="a number between 0 and 1, such as 0.95",
        )
    return level


@dataclass(frozen=True)
class Resampling:
    """How intervals are found by bootstrap: the same seed gives the same interval.

    Attributes
    ----------
    level : float
        Of confidence, between 0 and 1.
    times : int
        Number of samples drawn.
    seed : int
    """

    level: float = 0.95
    times: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        checked_level(self.level)
        if self.times < 100:
            raise BadInput(
                "The bootstrap has too few samples for an interval",
                found=str(self.times),
                expected="100 or more",
            )


PLAIN = Resampling()
"""2000 samples, 95 %."""


def over_cases(
    statistic: Callable[[NDArray[np.intp]], float], cases: int, how: Resampling = PLAIN
) -> Estimate | None:
    """Return a statistic of cases, with the percentile interval of the bootstrap.

    Cases are drawn with replacement (Efron & Tibshirani, An Introduction to the Bootstrap, 1993,
    section 13.3). Samples for which the statistic is not defined are left out.

    Parameters
    ----------
    statistic : callable
        From indices of cases, shape (n), to a number; NaN where it is not defined.
    cases : int
    how : Resampling

    Returns
    -------
    Estimate or None
        Without an interval of fewer than `FEWEST` cases; None where the statistic of all cases is
        not defined.
    """
    value = statistic(np.arange(cases))
    if not np.isfinite(value):
        return None
    if cases < FEWEST:
        said = f"no interval, which needs {FEWEST} cases"
        return Estimate(float(value), None, None, how.level, said)
    drawn = np.random.default_rng(how.seed).integers(0, cases, (how.times, cases))
    found = np.array([statistic(sample) for sample in drawn])
    found = found[np.isfinite(found)]
    tail = (1 - how.level) / 2
    low, high = np.quantile(found, [tail, 1 - tail]) if len(found) else (value, value)
    said = f"bootstrap over {cases} cases, {how.times} samples, percentiles"
    if len(found) < how.times:
        said += f", {how.times - len(found)} samples without a value left out"
    return Estimate(float(value), float(low), float(high), how.level, said)
