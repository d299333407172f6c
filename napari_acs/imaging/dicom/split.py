"""Tell apart the volumes that one series holds: echoes, time points, b values, phases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.dicom.frame import Frame
from napari_acs.imaging.dicom.stack import SAME_PLACE_MM, check_frames, order

_UNITS = {"echo time": " ms", "inversion time": " ms", "trigger time": " ms", "flip angle": " deg"}


def split(title: str, frames: Sequence[Frame]) -> list[tuple[str, tuple[Frame, ...]]]:
    """Divide a series into volumes that have one slice at each place.

    The fewest attributes that divide it into complete stacks are used; the first ones in the
    order of `Frame.split` where several do.

    Returns
    -------
    list of (str, tuple of Frame)
        What tells each volume from the others (empty for a single one), and its slices.

    Raises
    ------
    BadInput
        What `check_frames` refuses, or slices at one place that no attribute tells apart.
    """
    check_frames(title, frames)
    ordered, places = order(frames)
    steps = np.diff(places) > SAME_PLACE_MM
    slots = [0, *np.cumsum(steps).tolist()]
    if steps.all():
        return [("", tuple(ordered))]
    count = slots[-1] + 1
    varying = [key for key in ordered[0].split if len({frame.split[key] for frame in ordered}) > 1]
    if len(ordered) % count == 0:
        for number in range(1, len(varying) + 1):
            for keys in combinations(varying, number):
                volumes = _divide(ordered, slots, keys, count)
                if volumes:
                    return volumes
    most = int(np.bincount(slots).max())
    raise BadInput(
        f"{title} has several slices at one place",
        found=f"{len(ordered)} slices at {count} places, up to {most} at one, and "
        + (
            f"no complete stacks by {', '.join(varying)}" if varying else "nothing tells them apart"
        ),
        expected="one slice at each place, or several complete volumes",
        do="Export the volume alone, and without copies",
    )


def _divide(
    ordered: Sequence[Frame], slots: Sequence[int], keys: tuple[str, ...], count: int
) -> list[tuple[str, tuple[Frame, ...]]]:
    """Return the complete volumes that ``keys`` make; none when one is not complete."""
    groups: dict[tuple[object, ...], list[Frame]] = defaultdict(list)
    filled: dict[tuple[object, ...], set[int]] = defaultdict(set)
    for frame, slot in zip(ordered, slots, strict=True):
        values = tuple(frame.split[key] for key in keys)
        groups[values].append(frame)
        filled[values].add(slot)
    if any(len(groups[v]) != count or len(filled[v]) != count for v in groups):
        return []
    return [(_label(keys, values), tuple(groups[values])) for values in sorted(groups, key=_rank)]


def _rank(values: tuple[object, ...]) -> tuple[tuple[bool, float, str], ...]:
    return tuple(
        (value is None, float(value) if isinstance(value, int | float) else 0.0, str(value))
        for value in values
    )


def _label(keys: tuple[str, ...], values: tuple[object, ...]) -> str:
    said = []
    for key, value in zip(keys, values, strict=True):
        if isinstance(value, float):
            said.append(f"{key} {value:g}{_UNITS.get(key, '')}")
        elif key == "gradient" and isinstance(value, tuple):
            said.append("gradient " + " ".join(f"{v:.2f}" for v in value))
        elif key == "image type" and isinstance(value, tuple):
            # Only short codes: anything may be written there, and this is shown.
            said.append(" ".join(v for v in value[2:] if len(v) <= 8 and v.isalnum()) or key)
        else:
            said.append(f"no {key}")
    return ", ".join(said)
