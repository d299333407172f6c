"""Overlapping windows over an image, blended with Gaussian weights.

The window plan and the weights are those of MONAI's ``SlidingWindowInferer(mode="gaussian")``
(Apache-2.0, Project MONAI; the tests hold us to it voxel for voxel).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F

Triple = tuple[int, int, int]

OVERLAP = 0.5
SIGMA_SCALE = 0.125
_LEAST_WEIGHT = 1e-3


@dataclass(frozen=True)
class WindowPlan:
    """Where the windows lie in an image that is padded to at least one window.

    Attributes
    ----------
    size : tuple of int
        The image, (z, y, x) voxels.
    window : tuple of int
        Every window, (z, y, x) voxels.
    before, after : tuple of int
        Padding on the low and the high side, (z, y, x) voxels; zero where the image fits.
    starts : tuple of (z, y, x)
        First voxel of every window in the padded image, x fastest.
    overlap : float
        Fraction of a window that its neighbour shares, 0 <= overlap < 1.
    """

    size: Triple
    window: Triple
    before: Triple
    after: Triple
    starts: tuple[Triple, ...]
    overlap: float

    @property
    def padded(self) -> Triple:
        """Size of the padded image, (z, y, x) voxels."""
        return _triple(
            b + s + a for b, s, a in zip(self.before, self.size, self.after, strict=True)
        )


def plan_windows(size: Triple, window: Triple, overlap: float = OVERLAP) -> WindowPlan:
    """Lay windows over an image so that they cover it, the last of each row flush with its end.

    Parameters
    ----------
    size, window : tuple of int
        Image and window, (z, y, x) voxels.
    overlap : float
        Fraction of a window shared with the next one.

    Raises
    ------
    ValueError
        A size is not positive, or the overlap is outside [0, 1).
    """
    if min(size) < 1 or min(window) < 1:
        raise ValueError(f"sizes must be positive, got image {size} and window {window}")
    if not 0 <= overlap < 1:
        raise ValueError(f"overlap must be in [0, 1), got {overlap}")
    lack = [max(w - s, 0) for s, w in zip(size, window, strict=True)]
    before = _triple(n // 2 for n in lack)
    after = _triple(n - n // 2 for n in lack)
    rows = [_row(s + n, w, overlap) for s, n, w in zip(size, lack, window, strict=True)]
    starts = tuple(_triple(start) for start in product(*rows))
    return WindowPlan(size, window, before, after, starts, overlap)


def _row(length: int, window: int, overlap: float) -> list[int]:
    """Return the starts of the windows along one axis of ``length`` >= ``window`` voxels."""
    step = max(int(window * (1 - overlap)), 1)
    last = length - window
    return [*range(0, last, step), last]


def _triple(values: Iterable[int]) -> Triple:
    z, y, x = values
    return z, y, x


def importance(window: Triple) -> Tensor:
    """Return the weight of each voxel of a window: a Gaussian about its centre.

    The standard deviation is ``SIGMA_SCALE`` of the window along each axis; weights below 1e-3
    are raised to it, so that no voxel is left without weight.

    Returns
    -------
    Tensor of float32, shape (z, y, x)
    """
    weight = torch.ones(())
    for length in window:
        x = torch.arange(length, dtype=torch.float32) - (length - 1) / 2
        bell = torch.exp(x**2 / (-2 * (SIGMA_SCALE * length) ** 2))
        weight = weight.unsqueeze(-1) * bell
    return weight.clamp_(min=max(float(weight.min()), _LEAST_WEIGHT))


class Blend:
    """The weighted sums of the windows predicted so far, on the image's device.

    Parameters
    ----------
    plan : WindowPlan
    image : Tensor of float32, shape (c, z, y, x)
        Size (z, y, x) is the plan's.
    background : sequence of float
        What the image is padded with, in each channel; empty: zeros.
    """

    def __init__(self, plan: WindowPlan, image: Tensor, background: Sequence[float] = ()) -> None:
        if tuple(image.shape[1:]) != plan.size:
            raise ValueError(f"image is {tuple(image.shape[1:])}, the plan is for {plan.size}")
        pads = [n for pair in zip(plan.before, plan.after, strict=True) for n in pair]
        # F.pad counts from the last axis; each pair must stay (low, high).
        order = [pads[4], pads[5], pads[2], pads[3], pads[0], pads[1]]
        self._image = _padded(image, order, background) if any(order) else image
        self._plan = plan
        self._alone = len(plan.starts) == 1
        self._sums: Tensor | None = None
        if not self._alone:
            self._weight = importance(plan.window).to(image.device)
            self._weights = torch.zeros(plan.padded, device=image.device)

    def cut(self, index: int) -> Tensor:
        """Return window ``index`` of the image, shape (1, c, z, y, x)."""
        return self._image[(slice(None), *self._slices(index))].unsqueeze(0)

    def add(self, index: int, prediction: Tensor) -> None:
        """Add the prediction, shape (1, r, z, y, x), for window ``index``; it may be kept."""
        values = prediction[0].to(self._image.device, torch.float32)
        if self._alone:
            self._sums = values  # a window without neighbours is its own weighted mean
            return
        if self._sums is None:
            shape = (values.shape[0], *self._plan.padded)
            self._sums = torch.zeros(shape, device=self._image.device)
        where = self._slices(index)
        self._sums[(slice(None), *where)].addcmul_(values, self._weight)
        self._weights[where] += self._weight

    def result(self) -> Tensor:
        """Return the weighted mean of all windows, shape (r, z, y, x), without the padding.

        The sums are used up: call it once, after every window was added.
        """
        if self._sums is None:
            raise ValueError("no window was added")
        inner = tuple(
            slice(b, b + s) for b, s in zip(self._plan.before, self._plan.size, strict=True)
        )
        mean = self._sums if self._alone else self._sums.div_(self._weights)
        return mean[(slice(None), *inner)]

    def _slices(self, index: int) -> tuple[slice, slice, slice]:
        z, y, x = self._plan.starts[index]
        dz, dy, dx = self._plan.window
        return slice(z, z + dz), slice(y, y + dy), slice(x, x + dx)


def _padded(image: Tensor, order: list[int], background: Sequence[float]) -> Tensor:
    if not any(background):
        return F.pad(image, order)
    # Channel by channel: F.pad takes one value, and nothing is added and taken off again.
    channels = zip(image, background, strict=True)
    return torch.stack([F.pad(channel, order, value=value) for channel, value in channels])


def sliding_windows(
    image: Tensor,
    predict: Callable[[Tensor], Tensor],
    plan: WindowPlan,
    background: Sequence[float] = (),
) -> Tensor:
    """Predict every window of an image and blend them; the job does the same step by step.

    Parameters
    ----------
    image : Tensor of float32, shape (c, z, y, x)
    predict : callable
        Maps (1, c, z, y, x) to (1, r, z, y, x).
    plan : WindowPlan
    background : sequence of float
        See `Blend`.

    Returns
    -------
    Tensor of float32, shape (r, z, y, x)
    """
    blend = Blend(plan, image, background)
    for index in range(len(plan.starts)):
        blend.add(index, predict(blend.cut(index)))
    return blend.result()
