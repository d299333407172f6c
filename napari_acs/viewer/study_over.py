"""Whether images of another study lie over a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_acs.viewer.images_on import study_of

if TYPE_CHECKING:
    from napari.layers import Layer


def study_over(mask: Layer, layers: Sequence[Layer]) -> str:
    """Return the study of an image that is shown over a mask of another one; else nothing.

    Parameters
    ----------
    mask : Labels
    layers : sequence of Layer
        All that are open, the lowest first.
    """
    from napari.layers import Image  # noqa: PLC0415 (napari is slow)

    own = study_of(mask)
    if not own or mask not in layers:
        return ""
    above = list(layers)[list(layers).index(mask) + 1 :]
    over = [study_of(each) for each in above if each.visible and isinstance(each, Image)]
    return next((study for study in reversed(over) if study not in {"", own}), "")
