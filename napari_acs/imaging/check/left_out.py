"""Images that seem to be one of the four sequences, and cannot be read: they are left out."""

from __future__ import annotations

from collections.abc import Mapping

from napari_acs.imaging.check.line import CheckLine
from napari_acs.imaging.names import TITLES

TOPIC = "left out"


def told_of_left_out(lost: Mapping[str, str]) -> CheckLine | None:
    """Return an amber line for series whose headers say a sequence that the study now lacks.

    Without it a study whose T2 misses a slice would be one without T2, and nobody would know why.

    Parameters
    ----------
    lost : mapping of str to str
        By sequence: why its series cannot be read, a sentence that names it.
    """
    if not lost:
        return None
    names = " and ".join(TITLES[key] for key in lost)
    return CheckLine(
        TOPIC,
        "amber",
        f"{names} is there and is left out" if len(lost) == 1 else f"{names} are left out",
        " ".join(lost.values()).rstrip("."),
        "Mend it, or go on without it",
    )
