"""The pictures of one mask: which sequence, which part of it, and what is drawn on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from napari_acs.imaging.brain import foreground
from napari_acs.imaging.letters import letters_along
from napari_acs.imaging.names import TITLES
from napari_acs.review.boxes import bounding_box
from napari_acs.review.measure.axial import axial_stack
from napari_acs.review.measure.regions import REGIONS
from napari_acs.review.report.images import CORE_FIRST, WT_FIRST, shown_on
from napari_acs.review.report.picture import Letters, Picture, draw
from napari_acs.review.report.slices import Key, key_slices, lesion_region, lines_at
from napari_acs.review.report.steep import cut_regions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.imaging.volume import Volume
    from napari_acs.review.measure.measures import Measures

INTERPOLATED: Final = (
    "Pictures: no sequence lies on the mask's grid; the one shown was brought to it by its header "
    "alone, without a registration."
)
_MARGIN = 3
_BLACK, _WHITE = 1.0, 99.7
"""Percentiles of the head's voxels that are shown black and white."""


def pictures_of(
    labels: NDArray[np.uint8], grid: Grid, measures: Measures, volumes: Mapping[str, Volume]
) -> tuple[Picture, ...]:
    """Draw the key slices of a mask; see `napari_acs.review.report.slices.key_slices`.

    Parameters
    ----------
    labels : ndarray of uint8, shape (z, y, x)
    grid : Grid
        Of ``labels``.
    measures : Measures
        Of ``labels``; the diameters of its lesions are drawn where they lie.
    volumes : mapping of str to Volume
        By sequence, on whatever grids.

    Returns
    -------
    tuple of Picture
        Empty without images or labels.
    """
    stack = axial_stack(labels, grid, cut_regions)
    keys = key_slices(stack.array, stack.grid, measures) if volumes else ()
    shown: dict[bool, _Shown] = {}
    why: dict[tuple[int, str], tuple[_Shown, Key]] = {}
    for key in keys:
        if key.core not in shown:
            found = _shown(volumes, CORE_FIRST if key.core else WT_FIRST, grid, stack.array)
            if found is None:
                return ()
            shown[key.core] = found
        on = shown[key.core]
        place = (key.level, on.sequence)
        before = why[place][1].why if place in why else ()
        why[place] = (on, replace(key, why=(*before, *key.why)))
    return tuple(_picture(on, stack.array, stack.grid, key, measures) for on, key in why.values())


@dataclass(frozen=True, eq=False)
class _Shown:
    """A sequence as it is shown: axial planes, window, and the part with the head in it."""

    sequence: str
    array: NDArray[Any]
    interpolated: bool
    window: tuple[float, float]
    rows: slice
    columns: slice


def _shown(
    volumes: Mapping[str, Volume], order: tuple[str, ...], grid: Grid, labels: NDArray[np.uint8]
) -> _Shown | None:
    chosen = shown_on(volumes, order, grid)
    if chosen is None:
        return None
    name, own, interpolated = chosen
    array = axial_stack(_finite(own), grid).array
    head = foreground(np.ascontiguousarray(array))
    values = array[head] if head.any() else array.ravel()
    low, high = np.percentile(values, (_BLACK, _WHITE)).tolist()
    box = bounding_box(head | (labels > 0)) or tuple(slice(0, n) for n in array.shape)
    rows, columns = (
        slice(max(0, s.start - _MARGIN), min(n, s.stop + _MARGIN))
        for s, n in zip(box[1:], array.shape[1:], strict=True)
    )
    return _Shown(TITLES.get(name, name), array, interpolated, (low, high), rows, columns)


def _finite(array: NDArray[Any]) -> NDArray[Any]:
    """Return an image as it can be shown: what is no number (NaN outside of a brain) is darkest."""
    known = np.isfinite(array)
    if known.all():
        return array
    return np.where(known, array, array[known].min() if known.any() else 0)


def _picture(
    shown: _Shown, labels: NDArray[np.uint8], grid: Grid, key: Key, measures: Measures
) -> Picture:
    rows, columns = shown.rows, shown.columns
    plane = labels[key.level, rows, columns]
    across, down = grid.spacing[0], grid.spacing[1]
    axes = np.reshape(grid.direction, (3, 3)).T
    letters = Letters(
        top=letters_along(-axes[1]),
        bottom=letters_along(axes[1]),
        left=letters_along(-axes[0]),
        right=letters_along(axes[0]),
    )
    lesions = measures.regions[lesion_region(measures)].lesions
    lines = [
        ((a[0] - rows.start, a[1] - columns.start), (b[0] - rows.start, b[1] - columns.start))
        for a, b in lines_at(lesions, grid, key.level)
    ]
    png, width, height, scale = draw(
        shown.array[key.level, rows, columns],
        {name: np.isin(plane, values) for name, values in REGIONS.items()},
        (down, across),
        shown.window,
        letters,
        lines,
    )
    box = (rows.start, rows.stop, columns.start, columns.stop)
    return Picture(
        png, width, height, shown.sequence, key.why, key.level, letters, box, scale,
        shown.interpolated,
    )  # fmt: skip
