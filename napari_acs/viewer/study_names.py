"""What a study is called in the viewer, so that no two patients are called the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from napari_acs.imaging.flat_folder import case_of
from napari_acs.viewer.info import LayerInfo


def study_of_file(file: Path, homes: Iterable[LayerInfo]) -> str:
    """Return what to call the study of a file: after its folder, or its case among several in it.

    A link is of the folder that it lies in: what it leads to may lie in a store of files.
    """
    return study_name(file.parent.resolve(), homes, case_of(file))


def study_name(folder: Path, homes: Iterable[LayerInfo], case: str = "") -> str:
    """Return what to call the study of a folder of image files.

    Layers are told to be of one study by this name. Folders are often called the same for every
    patient (``baseline``, ``anat`` in BIDS), and a T1ce of one patient must never join the FLAIR
    of another: the second such study is called after the folder above as well.

    Parameters
    ----------
    folder : Path
        That the files lie in.
    homes : iterable of LayerInfo
        Of the images that are open. One of the same folder, and case, keeps its name.
    case : str
        Which of several in the folder; see `napari_acs.imaging.flat_folder.case_of`.

    Returns
    -------
    str
        ``baseline``, or ``patient2/baseline`` while that of another patient is open.
    """
    names = _names(folder.resolve(), case)
    others: set[str] = set()
    for home in homes:
        if not in_folder(home, folder, case):
            others.add(home.study)
        elif home.study in names:
            return home.study
    apart = (name for name in names if name not in others)
    return next(apart, None) or _numbered(names[0], others)


def in_folder(home: LayerInfo, folder: Path, case: str) -> bool:
    """Tell whether an image is of this case of a folder of image files."""
    if home.source is None or home.dicom is not None:
        return False
    same = home.source.parent.resolve() == folder.resolve()
    return same and case_of(home.source) == case


def _names(folder: Path, case: str) -> list[str]:
    """Return the case or the folder's name, that with the folder above, and so on."""
    parts = [part for part in folder.parts if part != folder.anchor] or [folder.name]
    parts += [case] if case else []
    return ["/".join(parts[at:]) for at in range(len(parts) - 1, -1, -1)]


def _numbered(name: str, others: set[str]) -> str:
    number = 2
    while f"{name} ({number})" in others:
        number += 1
    return f"{name} ({number})"
