"""What exported measures call a study: a key that tells it from others and names nobody."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging.find import find_sequences
from napari_acs.imaging.flat_folder import case_of, rest_of
from napari_acs.imaging.pseudonym import place_key

if TYPE_CHECKING:
    from napari_acs.viewer.info import LayerInfo

_PSEUDONYM = re.compile(r"study-[0-9a-f]{12}(-\d+)?")


def study_told(info: LayerInfo) -> str | None:
    """Return the pseudonym of the study that a mask is of; None where nothing is known of it.

    In a review session that is what the session calls the case, so that measures and its report
    fit together, and a repeat is not told by its measures. Of DICOM it comes from the
    StudyInstanceUID. Else from where the study's files lie: folders are often called the same for
    every patient (``baseline``), their whole paths are not. In a folder of many cases their names
    count, too, without the words for sequence, mask, plane and agent (`flat_folder.rest_of`).

    Parameters
    ----------
    info : LayerInfo
        Of the mask.

    Raises
    ------
    BadInput
        The secret of the pseudonyms can be neither read nor created.
    """
    home = info.home
    if _PSEUDONYM.fullmatch(info.study):
        return info.study
    if home.dicom is not None:
        return home.dicom.study_key
    if home.source is None:
        return place_key(info.study) if info.study else None
    file = home.source.absolute()
    folder = file.parent.resolve()
    one = _is_one_study(folder) and not case_of(file)
    return place_key(str(folder) if one else str(folder / _told(file.name)))


def _told(name: str) -> str:
    """Return what is left of a file's name, in small letters: so keys were always made of it."""
    left = unicodedata.normalize("NFC", rest_of(name).lower())  # a Mac takes letters apart
    return "_".join(re.findall(r"[^\W_]+", left))


def _is_one_study(folder: Path) -> bool:
    try:
        return bool(find_sequences(folder))
    except BadInput:  # no name says a sequence, or two say the same: nobody knows
        return False
