"""The mirrored views of test-time augmentation.

Only left and right are exchanged: a brain is nearly symmetric that way alone, and the bundled model
was trained on no mirrored images at all. On the two validation cases BraTS2021_01484 and 01485 two
views changed Dice by -0.000 and +0.004 (WT), -0.007 and +0.001 (TC), and +0.065 (ET, 01485; 01484
has none); all eight mirrorings -0.000 and -0.001, -0.010 and -0.001, and +0.037, in four times the
time. A job with two views computes every window twice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from torch import Tensor

if TYPE_CHECKING:
    from napari_acs.models import Bundle

View = tuple[int, ...]
"""The axes of (n, c, z, y, x) along which a window is mirrored."""

_Y, _X = 3, 4

AS_IT_IS: Final[tuple[View, ...]] = ((),)

MIRRORED: Final[tuple[View, ...]] = ((), (_X,))
"""The window as it is, and with left and right exchanged."""


def views_of(flips: bool) -> tuple[View, ...]:
    """Return the views of a job, the window as it is first."""
    return MIRRORED if flips else AS_IT_IS


def without_own_views(bundle: Bundle) -> Bundle:
    """Return a bundle whose network does not mirror itself, for a job that does.

    The mean is the same and takes the same time, and how far the views are apart is known.
    """
    architecture = bundle.spec.architecture
    if not architecture.arguments.get("mirrored", False):
        return bundle
    once = architecture.model_copy(
        update={"arguments": {**architecture.arguments, "mirrored": False}}
    )
    return replace(bundle, spec=bundle.spec.model_copy(update={"architecture": once}))


def mirrored(batch: Tensor, view: View) -> Tensor:
    """Return a batch (n, c, z, y, x) seen in a view; the same call undoes it."""
    return batch.flip(view) if view else batch
