"""Which of the open images lie on a mask, and are of its study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.viewer.display import same_place
from napari_acs.viewer.info import info_in, is_diagonal

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer


def images_on(mask: Labels, images: Iterable[Image]) -> list[Image]:
    """Return the images whose brightness counts for a mask, in their order.

    Two patients may lie on one grid, as all cases of BraTS do. Where images of the mask's own study
    lie on it, these are returned, with those of which no study is known; else all that lie on it.
    """
    there = [image for image in images if _lies_on(image, mask)]
    study = _study_of_mask(mask, there)
    if any(study and study_of(image) == study for image in there):
        return [image for image in there if study_of(image) in (study, "")]
    return there


def of_one_study(chosen: Image, images: Sequence[Image]) -> list[Image]:
    """Return the images that may be of the same study as one of them."""
    study = study_of(chosen)
    return [image for image in images if not study or study_of(image) in (study, "")]


def study_of(layer: Layer) -> str:
    """Return what the study of a layer is called; nothing where that is not known."""
    info = info_in(layer.metadata)
    return info.study if info is not None else ""


def check_on(image: Image, mask: Labels) -> None:
    """Refuse an image that has been moved since it was offered.

    Raises
    ------
    BadInput
        Its voxels do not lie on those of the mask.
    """
    if not _lies_on(image, mask):
        raise BadInput(
            f"The image {image.name!r} does not lie on the mask {mask.name!r} any more",
            found="another place, size or direction of one of them",
            expected="the same voxels at the same points",
            do="Open the file that was moved again",
        )


def _lies_on(image: Image, mask: Labels) -> bool:
    return same_place(image, mask) and is_diagonal(image)


def _study_of_mask(mask: Labels, images: Iterable[Image]) -> str:
    """Return a mask's study; of one that was begun in napari, that of the image it is named after.

    napari calls a new layer "<image> - Labels".
    """
    own = info_in(mask.metadata)
    if own is not None and own.study:
        return own.study
    named = [image for image in images if mask.name.startswith(image.name)]
    # "T1" begins "T1ce", too
    return study_of(max(named, key=lambda image: len(image.name))) if named else ""
