"""The mirrored views of test-time augmentation."""

from __future__ import annotations

from typing import Final

from torch import Tensor

View = tuple[int, ...]
"""The axes of (n, c, z, y, x) along which a window is mirrored."""

_Y, _X = 3, 4

AS_IT_IS: Final[tuple[View, ...]] = ((),)

MIRRORED: Final[tuple[View, ...]] = ((), (_X,))
"""The window as it is, and with left and right exchanged."""


def views_of(flips: bool) -> tuple[View, ...]:
    """Return the views of a job, the window as it is first."""
    return MIRRORED if flips else AS_IT_IS


def mirrored(batch: Tensor, view: View) -> Tensor:
    """Return a batch (n, c, z, y, x) seen in a view; the same call undoes it."""
    return batch.flip(view) if view else batch
