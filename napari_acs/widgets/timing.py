"""The time left, in words."""

from __future__ import annotations

_SOONEST_S = 1.5
_SOONEST_FRACTION = 0.02


def time_left(elapsed_s: float, fraction: float) -> str:
    """Return how long a job will still take, or nothing while that would be a guess.

    Parameters
    ----------
    elapsed_s : float
        Time since the job began, in seconds.
    fraction : float
        Share of the job that is done, 0 to 1.
    """
    if elapsed_s < _SOONEST_S or not _SOONEST_FRACTION <= fraction < 1:
        return ""
    left = elapsed_s * (1 - fraction) / fraction
    if left < 2:
        return "a moment left"
    if left < 100:
        return f"about {max(5, 5 * round(left / 5))} s left" if left > 10 else f"{left:.0f} s left"
    return f"about {left / 60:.0f} min left"
