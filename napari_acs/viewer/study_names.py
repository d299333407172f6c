"""What a study is called in the viewer, so that no two patients are called the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from napari_acs.viewer.info import LayerInfo


def study_name(folder: Path, homes: Iterable[LayerInfo]) -> str:
    """Return what to call the study of a folder of image files.

    Layers are told to be of one study by this name. Folders are often called the same for every
    patient (``baseline``, ``anat`` in BIDS), and a T1ce of one patient must never join the FLAIR
    of another: the second such study is called after the folder above as well.

    Parameters
    ----------
    folder : Path
        That the files lie in.
    homes : iterable of LayerInfo
        Of the images that are open. One of the same folder keeps its name.

    Returns
    -------
    str
        ``baseline``, or ``patient2/baseline`` while that of another patient is open.
    """
    folder = folder.resolve()
    others: set[str] = set()
    for home in homes:
        if home.source is None or home.dicom is not None or home.source.parent.resolve() != folder:
            others.add(home.study)
        elif home.study in _names(folder):
            return home.study
    names = _names(folder)
    apart = (name for name in names if name not in others)
    return next(apart, None) or _numbered(names[0], others)


def _names(folder: Path) -> list[str]:
    """Return the folder's name, that with the folder above, and so on."""
    parts = [part for part in folder.parts if part != folder.anchor] or [folder.name]
    return ["/".join(parts[at:]) for at in range(len(parts) - 1, -1, -1)]


def _numbered(name: str, others: set[str]) -> str:
    number = 2
    while f"{name} ({number})" in others:
        number += 1
    return f"{name} ({number})"
