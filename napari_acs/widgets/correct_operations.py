"""Which correction a button of the panel stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput
from napari_acs.review.correct import (
    Canvas,
    Change,
    copy_slice,
    fill_between,
    fill_holes,
    grow,
    keep_largest,
    shrink,
    smooth,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Work = Callable[[Canvas, Callable[[], bool]], Change]
"""Called in a worker, with a copy of the mask and a function that tells whether to stop."""


FROM_SLICE = frozenset({"copy_next", "copy_previous"})
"""Tools that start from the slice that is shown."""
ALONG = FROM_SLICE | {"fill_slice", "between"}
"""Tools that go through slices along the view that is shown."""


@dataclass(frozen=True)
class Place:
    """Where the user is: the region, the axis of the slices (0 is z), the slice, and how many.

    Axis and slice mean something to tools `ALONG` slices, and `FROM_SLICE`, alone.
    """

    region: str
    axis: int
    index: int
    count: int

    def beside(self, step: int) -> int:
        """Return the slice that is a step further.

        Raises
        ------
        BadInput
            There is none.
        """
        target = self.index + step
        if not 0 <= target < self.count:
            raise BadInput("There is no slice beyond this one", do="Copy in the other direction")
        return target


def work_of(tool: str, mm: float, place: Place, images: Sequence[NDArray[Any]] = ()) -> Work:
    """Return the correction that a button of `CorrectTools` stands for.

    Of the images, on the mask's grid, *Grow* learns where the air is.

    Raises
    ------
    BadInput
        There is no slice to copy to.
    """
    region, axis = place.region, place.axis
    if tool in FROM_SLICE:
        target = place.beside(1 if tool == "copy_next" else -1)
        return lambda canvas, _: copy_slice(canvas, axis, place.index, target)
    works: Mapping[str, Work] = {
        "fill_slice": partial(_fill, region=region, axis=axis),
        "fill_3d": partial(_fill, region=region, axis=None),
        "between": lambda canvas, stop: fill_between(canvas, axis, region, cancelled=stop),
        "keep_largest": lambda canvas, stop: keep_largest(canvas, region, cancelled=stop),
        "smooth": lambda canvas, stop: smooth(canvas, mm, [region], cancelled=stop),
        "grow": lambda canvas, stop: grow(canvas, region, mm, images=images, cancelled=stop),
        "shrink": lambda canvas, stop: shrink(canvas, region, mm, cancelled=stop),
    }
    return works[tool]


def _fill(canvas: Canvas, stop: Callable[[], bool], *, region: str, axis: int | None) -> Change:
    return fill_holes(canvas, [region], axis=axis, cancelled=stop)
