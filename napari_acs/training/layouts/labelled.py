"""The cases with masks of any data set: what a fine-tune and an evaluation take.

Folders of cases are taken as they are (`inference.reference`): their sequences may be DICOM, and a
correction lies beside them. Every other layout is read as training reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from napari_acs.errors import BadInput
from napari_acs.inference.reference import GRADES, is_mask_file, named_case
from napari_acs.training.layouts.find import LAYOUTS
from napari_acs.training.layouts.read import Labelled

AnyCase: TypeAlias = Path | Labelled
"""A case's folder, or a case of another layout; both have a ``name``."""

_OTHERS = ("csv", "nnunet", "msd", "bids")
_MEANS = "a folder with one folder a case, or a data set as nnU-Net, MSD, BIDS or a CSV lay it out"


def find_labelled(data: Sequence[Path], wanted: Sequence[str] = ()) -> list[AnyCase]:
    """Return the wanted cases of all data sets; without a wish, all that have a mask.

    Parameters
    ----------
    data : sequence of Path
        Each of any layout: a folder with one folder a case (or with ``HGG`` and ``LGG`` that hold
        them), or a data set that `find_training_cases` would read.
    wanted : sequence of str
        Names of cases, or their ends after a ``_`` or ``-``.

    Raises
    ------
    BadInput
        No such path, no case with a mask, no such case or several of one name, or a data set that
        its layout refuses.
    """
    every: list[AnyCase] = []
    marked: list[AnyCase] = []
    for place in data:
        layout = _other_layout(place)
        if layout is not None:
            cases = [Labelled(case) for case in LAYOUTS[layout].read(place, None)]
            every += cases
            marked += [one for one in cases if one.case.mask is not None]
        else:
            folders = _folders(place)
            every += folders
            marked += [path for path in folders if any(map(is_mask_file, path.iterdir()))]
    where = ", ".join(map(str, data))
    if wanted:
        return [named_case(where, every, name) for name in wanted]
    if not marked:
        raise BadInput(
            f"No case with a reference mask in {where}", expected=_MEANS, do="Choose another folder"
        )
    return marked


def _other_layout(place: Path) -> str | None:
    if not place.exists() or not (place.is_dir() or LAYOUTS["csv"].fits(place)):
        raise BadInput(
            f"{place} is not a folder",
            found="no such path" if not place.exists() else "a file",
            expected=_MEANS,
            do="Give the folder that holds the cases",
        )
    if place.is_file():
        return "csv"
    return next((name for name in _OTHERS[1:] if LAYOUTS[name].fits(place)), None)


def _folders(place: Path) -> list[Path]:
    grades = [place / grade for grade in GRADES if (place / grade).is_dir()]
    return sorted(path for one in grades or [place] for path in one.iterdir() if path.is_dir())


def place_of(case: AnyCase) -> str:
    """Return where a case is, in words: its folder, or its data set and its name."""
    return str(case) if isinstance(case, Path) else f"{case.name} of {case.case.root}"
