"""The images of a case, for its pictures and its midline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from napari_acs.errors import BadInput
from napari_acs.review.session.case_images import read_case_images
from napari_acs.review.session.locate import study_paths
from napari_acs.review.session.unchanged import OTHER_IMAGES, images_are_others

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_acs.imaging.grid import Grid
    from napari_acs.imaging.volume import Volume
    from napari_acs.review.session.state import Case, SessionState

NO_IMAGES = (
    "No pictures, no sides and no midline: the study's images cannot be found or read on this "
    "machine, or are not those that the session was made of."
)
NO_SEQUENCE = (
    "No sides and no midline: the name of no image says which sequence it is, which the midline is "
    "estimated from."
)
MASK_ALONE = "No pictures, no sides and no midline: the study is a mask without images."
WT_FIRST = ("flair", "t2", "t1ce", "t1")
"""Sequences in which to show the whole tumour, the best first."""
CORE_FIRST = ("t1ce", "flair", "t2", "t1")
"""Sequences in which to show the enhancing tumour and the core."""


def images_of(
    state: SessionState, case: Case, session: Path, cancelled: Callable[[], bool]
) -> tuple[Mapping[str, Volume], str]:
    """Read the images of a case.

    Returns
    -------
    volumes : mapping of str to Volume
        By sequence, or as ``image 1`` and so on where no name says one; empty where they cannot be
        read, or are others than at the session's making.
    warning : str
        Why not, with paths: for the terminal, for no page.
    """
    if case.mask and case.mask == case.path:
        return {}, ""
    try:
        if images_are_others(state, case, session, cancelled):
            return {}, f"{case.name}: {OTHER_IMAGES}"
        where = study_paths(state, case, session)
        return read_case_images(where, case.name, cancelled), ""
    except BadInput as refusal:
        return {}, refusal.sentence()


def shown_on(
    volumes: Mapping[str, Volume], order: Sequence[str], grid: Grid
) -> tuple[str, NDArray[Any], bool] | None:
    """Return a sequence on the grid of a mask: name, array (z, y, x), and whether interpolated.

    The first sequence of ``order`` that lies on the grid, before images whose sequence is not
    known; where none does, the first of all, by its header's geometry, without a registration.
    """
    there = [name for name in [*order, *(n for n in volumes if n not in order)] if name in volumes]
    same = [name for name in there if volumes[name].grid.difference(grid) is None]
    if same:
        return same[0], volumes[same[0]].array, False
    if not there:
        return None
    from napari_acs.imaging.registration.resample import resample  # noqa: PLC0415 (SimpleITK)

    return there[0], resample(volumes[there[0]], grid).volume.array, True
