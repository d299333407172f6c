"""The images of a case, whether or not their names say which sequence each is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging.open import read_volumes
from napari_acs.imaging.read import read_volume
from napari_acs.review.session.locate import nameless_files

if TYPE_CHECKING:
    from pathlib import Path

    from napari_acs.imaging.volume import Volume


def read_case_images(
    where: Path | dict[str, Path], name: str, cancelled: Callable[[], bool]
) -> Mapping[str, Volume]:
    """Read the images of a case.

    Parameters
    ----------
    where : Path or dict of str to Path
        From `napari_acs.review.session.locate.study_paths`.
    name : str
        The case's, for refusals.
    cancelled : callable

    Returns
    -------
    mapping of str to Volume
        By sequence; as ``image 1`` and so on where no name says one.

    Raises
    ------
    BadInput
        They cannot be read.
    Cancelled
    """
    try:
        return read_volumes(where, name, cancelled=cancelled)[1]
    except BadInput:
        nameless = nameless_files(where)
        if not nameless:
            raise
        return {f"image {n}": read_volume(file) for n, file in enumerate(nameless, 1)}
