"""Why a model found nothing: how near it came, and what is known to be wrong with the study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_acs.imaging.check.line import CheckLine
    from napari_acs.inference.messages import Failure, Nearest

_FIRST = ("sequences", "skull", "intensities", "sides")
"""Topics of the check that most often leave a model with nothing to find; the others follow."""


def nearest_place(nearest: Sequence[Nearest]) -> Nearest | None:
    """Return the region that came nearest to its own threshold; of equals the outermost."""
    return max(nearest, key=lambda near: near.probability / near.threshold, default=None)


def how_near(nearest: Sequence[Nearest]) -> str:
    """Say how near each region came, and where the nearest of them was."""
    each = ", ".join(
        f"{near.region} {near.probability:.2f} (needs {near.threshold:g})" for near in nearest
    )
    place = nearest_place(nearest)
    if place is None:
        return ""
    x, y, z = place.point_mm
    return (
        f"The highest probability of each region was {each}; {place.region} came nearest at "
        f"x {x:.0f}, y {y:.0f}, z {z:.0f} mm (LPS)"
    )


def suspects(lines: Sequence[CheckLine], said: str = "") -> tuple[str, ...]:
    """Return what the check found wrong, the likeliest reason for an empty mask first.

    Parameters
    ----------
    lines : sequence of CheckLine
        Of the study that was segmented; green ones are left out.
    said : str
        What was said already: a part of a line that is in it is not said again.
    """
    wrong = [line for line in lines if line.status != "green"]
    order = {topic: place for place, topic in enumerate(_FIRST)}
    wrong.sort(key=lambda line: (line.status != "red", order.get(line.topic, len(order))))
    found = []
    for line in wrong:
        parts = [part for part in line.found.split("; ") if part and part not in said]
        if parts or not line.found:
            found.append(": ".join((line.title, "; ".join(parts))) if parts else line.title)
    return tuple(found)


def with_check(failure: Failure, lines: Sequence[CheckLine]) -> Failure:
    """Return the failure of an empty prediction with what the check found wrong in its ``why``."""
    parts = (failure.why, *suspects(lines, failure.why))
    return replace(failure, why=". ".join(part.rstrip(". ") for part in parts if part))
