"""A user made of rules, who corrects one region of a mask click by click.

Not a benchmark itself: `smart_correction` imports it. The robot looks for the biggest connected
part of the remaining error (missing or too much, in 3D), and clicks at its deepest voxel. A click
that makes Dice worse is undone; it counts, and the next click there is the plain brush with the
radius of the largest ball in the error, which never does harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import process_time

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_acs.review.boxes import Box, bounding_box, moved, whole
from napari_acs.review.correct import Canvas, Change, Ink, erase, paint, stroke

Voxel = tuple[int, int, int]


@dataclass(frozen=True)
class Click:
    """Where the robot clicks, with which ink, and the radius in mm of the largest ball there."""

    at: Voxel
    ink: Ink
    inscribed_mm: float


Tool = Callable[[Canvas, Click], list[Change]]
"""Returns what a click may do; the robot takes the best."""


@dataclass(frozen=True)
class Course:
    """Dice before the first click and after every click; what the tool's clicks took."""

    dice: tuple[float, ...]
    cpu_s: tuple[float, ...]
    undone: int


def correct(
    labels: NDArray[np.uint8],
    truth: NDArray[np.bool_],
    spacing: tuple[float, float, float],
    region: str,
    tool: Tool,
    clicks: int,
) -> Course:
    """Correct a region until it has no error left or the clicks are used up."""
    canvas = Canvas(labels.copy(), spacing)
    flat = canvas.labels.reshape(-1)
    level = canvas.nesting.level(region)
    current = canvas.depth(whole(canvas.shape)) >= level

    def put(change: Change, values: NDArray[np.uint8]) -> None:
        flat[change.indices] = values
        current.reshape(-1)[change.indices] = canvas.nesting.depth(values) >= level

    dice = [_dice(current, truth)]
    seconds: list[float] = []
    harmful, undone = None, 0
    for turn in range(clicks):
        click = next_click(current, truth, spacing, region)
        if click is None:
            return Course((*dice, *[1.0] * (clicks - turn)), tuple(seconds), undone)
        plain = click.at == harmful
        if plain:
            offered = [ball(canvas, click, click.inscribed_mm)]
        else:
            began = process_time()
            offered = tool(canvas, click)
            seconds.append(process_time() - began)
        change = max(offered, key=partial(gain, click=click, truth=truth))
        put(change, change.after)
        now = _dice(current, truth)
        harmful = None
        if now < dice[-1] and not plain:
            put(change, change.before)
            harmful, undone, now = click.at, undone + 1, dice[-1]
        dice.append(now)
    return Course(tuple(dice), tuple(seconds), undone)


def ball(canvas: Canvas, click: Click, radius_mm: float) -> Change:
    """Return what the plain brush does."""
    return stroke(canvas, click.at, radius_mm, click.ink)


def gain(change: Change, click: Click, truth: NDArray[np.bool_]) -> int:
    """Return how many voxels a change makes right, less those that it makes wrong."""
    right = truth.reshape(-1)[change.indices] == (click.ink.verb == "paint")
    return 2 * int(right.sum()) - len(right)


def _dice(current: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    both = np.count_nonzero(current) + np.count_nonzero(truth)
    return 2 * np.count_nonzero(current & truth) / both


def next_click(
    current: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    spacing: tuple[float, float, float],
    region: str,
) -> Click | None:
    """Return the click at the deepest voxel of the biggest error, None where there is none."""
    box = bounding_box(current ^ truth)
    if box is None:
        return None
    biggest: tuple[int, Ink, NDArray[np.int32], int] | None = None
    for ink, error in (
        (paint(region), truth[box] & ~current[box]),
        (erase(region), current[box] & ~truth[box]),
    ):
        parts, count = ndimage.label(error)
        if count:
            sizes = np.bincount(parts.ravel())[1:]
            if biggest is None or sizes.max() > biggest[0]:
                biggest = int(sizes.max()), ink, parts, int(sizes.argmax()) + 1
    assert biggest is not None
    _, ink, parts, number = biggest
    own: Box = ndimage.find_objects(parts)[number - 1]
    deep = ndimage.distance_transform_edt(np.pad(parts[own] == number, 1), spacing)
    place = np.unravel_index(int(deep.argmax()), deep.shape)
    z, y, x = (int(i) - 1 + s.start for i, s in zip(place, moved(own, box), strict=True))
    return Click((z, y, x), ink, float(deep.max()))
