"""Which of the images that lie on a mask are of the mask's own study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_acs.viewer.info import info_in

if TYPE_CHECKING:
    from napari.layers import Layer


def of_its_study(mask: Layer, images: Sequence[Layer]) -> list[Layer]:
    """Leave out the images of other studies: patients of one atlas lie on one grid.

    Parameters
    ----------
    mask : Labels
        Where nothing says which study it is of, it is the one of the image that its name begins
        with, as napari calls new labels, else of the latest image.
    images : sequence of Image
        That lie on the mask, oldest first.

    Returns
    -------
    list of Image
        Those of the mask's study, and those of which no study is known.
    """
    study = _study(mask)
    if not study:
        named = [image for image in images if _study(image) and mask.name.startswith(image.name)]
        known = named or [image for image in images if _study(image)]
        study = _study(known[-1]) if known else ""
    return [image for image in images if _study(image) in {"", study}]


def study_over(mask: Layer, layers: Sequence[Layer]) -> str:
    """Return the study of an image that is shown over a mask of another one; else nothing.

    Parameters
    ----------
    mask : Labels
    layers : sequence of Layer
        All that are open, the lowest first.
    """
    from napari.layers import Image  # noqa: PLC0415 (napari is slow)

    own = _study(mask)
    if not own or mask not in layers:
        return ""
    above = list(layers)[list(layers).index(mask) + 1 :]
    over = [_study(each) for each in above if each.visible and isinstance(each, Image)]
    return next((study for study in reversed(over) if study not in {"", own}), "")


def _study(layer: Layer) -> str:
    info = info_in(layer.metadata)
    return info.study if info is not None else ""
