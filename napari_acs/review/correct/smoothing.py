"""Smooth the outlines of regions, which stay nested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never, stop_if
from napari_acs.review.boxes import bounding_box, common, grown, margin
from napari_acs.review.correct.canvas import Canvas, positive_mm
from napari_acs.review.correct.clusters import near_mask
from napari_acs.review.correct.distance import signed_distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.review.correct.change import Change

_TRUNCATE = 3.0
"""Standard deviations after which the Gaussian ends."""
_ROUNDING = 1e-5


def smooth(
    canvas: Canvas,
    mm: float,
    regions: Sequence[str] | None = None,
    *,
    method: Literal["gaussian", "median"] = "gaussian",
    cancelled: Callable[[], bool] = never,
) -> Change:
    """Smooth regions one by one, from the outside inwards, each kept within the one before.

    ``"gaussian"`` smooths the signed distance to the outline and takes what is above 0. A
    straight outline stays where it is, and details smaller than the Gaussian go; a round one of
    radius r moves in by about mm^2 / r (that is what smoothing by curvature does).
    ``"median"`` gives a voxel to the region when more than half of the ball around it is: corners
    become round, and parts and gaps thinner than the ball's radius go.

    Parameters
    ----------
    canvas : Canvas
    mm : float
        Standard deviation of the Gaussian, or radius of the ball.
    regions : sequence of str, optional
        Left out: all. The others change only where they would leave the region around them.
    method : str
    cancelled : callable

    Raises
    ------
    BadInput
        There is no such region or method, or the length is none.
    Cancelled
    """
    length = positive_mm(mm, "What the outline is to be smoothed by")
    nesting = canvas.nesting
    chosen = {nesting.level(region) for region in regions or nesting.regions}
    if method not in ("gaussian", "median"):
        raise BadInput(f"There is no smoothing {method!r}", expected="gaussian or median")
    said = f"{', '.join(regions or nesting.regions)} smoothed ({method}, {mm:g} mm)"
    smoothed = _gaussian if method == "gaussian" else _median
    # A Gaussian reaches so far, to distances that are cut off there, of what is so far on again.
    kernel = _TRUNCATE * length if method == "gaussian" else length
    context = margin(3 * kernel + max(canvas.spacing), canvas.spacing)
    # Beyond the kernel all distances are cut off, and alike.
    reach = margin(kernel + max(canvas.spacing), canvas.spacing)
    # A region moves out by less than the Gaussian's mean distance (1.6 standard deviations): a part
    # that is 7.6 away, and a voxel here and there, is not felt.
    half = 3.8 * length if method == "gaussian" else 2 * length
    apart = margin(half + 2 * max(canvas.spacing), canvas.spacing)
    around = canvas.extent()
    window = around and common(
        grown(around, margin(kernel, canvas.spacing), canvas.shape),
        grown(canvas.within, context, canvas.shape),
    )
    if window is None:
        return canvas.nothing(said)
    old = canvas.depth(window)

    def alone(level: int) -> NDArray[np.bool_]:
        stop_if(cancelled)
        mask = old >= level
        if level not in chosen:
            return mask
        return near_mask(mask, reach, lambda part: smoothed(part, length, canvas.spacing), apart)

    levels = range(1, len(nesting.values) + 1)
    new = np.zeros_like(old)
    # scipy and SimpleITK let go of the interpreter.
    with ThreadPoolExecutor(len(levels)) as threads:
        for level, mask in zip(levels, threads.map(alone, levels), strict=True):
            new += mask & (new == level - 1)
    stop_if(cancelled)
    return canvas.change(window, new, said)


def _gaussian(mask: NDArray[np.bool_], sigma: float, spacing: Sequence[float]) -> NDArray[np.bool_]:
    found = bounding_box(mask)
    z, y, x = mask.shape
    inner = () if found is None else grown(found, (1, 1, 1), (z, y, x))
    far = signed_distance(mask, spacing, _TRUNCATE * sigma + max(spacing), inner=inner)
    _blur(far, [sigma / side for side in spacing])
    kept: NDArray[np.bool_] = far > _ROUNDING
    return kept


def _blur(array: NDArray[np.float32], widths: Sequence[float]) -> None:
    """Do what scipy's ``gaussian_filter`` does, in place and with two threads.

    The largest region takes as long as all others, and is left alone at the end.
    """
    with ThreadPoolExecutor(2) as threads:
        for axis, width in enumerate(widths):
            # Lines along the axis stay whole.
            halves = np.array_split(array, 2, axis=1 if axis == 0 else 0)
            list(threads.map(partial(_blur_along, axis=axis, width=width), halves))


def _blur_along(array: NDArray[np.float32], axis: int, width: float) -> None:
    ndimage.gaussian_filter1d(array, width, axis, output=array, mode="nearest", truncate=_TRUNCATE)


def _median(mask: NDArray[np.bool_], radius: float, spacing: Sequence[float]) -> NDArray[np.bool_]:
    around = [int(radius * (1 + _ROUNDING) / side) for side in spacing]
    axes = np.ogrid[tuple(slice(-n, n + 1) for n in around)]
    z, y, x = (np.asarray(axis * side) ** 2 for axis, side in zip(axes, spacing, strict=True))
    ball = (z + y + x <= (radius * (1 + _ROUNDING)) ** 2).astype(np.float32)
    padded = np.pad(mask.astype(np.float32), [(n, n) for n in around], mode="edge")
    from scipy.signal import fftconvolve  # noqa: PLC0415 (it takes a second to load)

    counts = fftconvolve(padded, ball, mode="valid")
    # The ball has an odd number of voxels, so no count is near the half.
    most: NDArray[np.bool_] = counts > ball.sum() / 2
    return most
