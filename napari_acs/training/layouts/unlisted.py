"""Cases of an nnU-Net or MSD data set that its ``dataset.json`` leaves out: they are named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.imaging.names import is_image_name, strip_suffix
from napari_acs.inference.dataset_json import read_dataset_json
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.layouts.find import AUTO, LAYOUTS

_FOLDERS = ("imagesTr", "labelsTr")
_SHOWN = 10
_WITH_JSON = {
    "nnunet": "not listed under dataset, or not named with the channel and the file_ending",
    "msd": "not listed under training",
}


def unlisted(roots: Sequence[Path], layout: str = AUTO) -> tuple[str, ...]:
    """Return sentences on data sets with images or masks that no case has, or with too few cases.

    To leave cases out of ``dataset.json`` is a way to keep them apart, and so no fault; but a case
    that was added to the folders alone would be left out in silence.

    Parameters
    ----------
    roots : sequence of Path
        Data sets of any layout; those without a ``dataset.json`` of their own say nothing.
    layout : str
        As for `find_training_cases`.
    """
    said = (sentence for root in roots if root.is_dir() for sentence in _said(root, layout))
    return tuple(said)


def _said(root: Path, layout: str) -> Iterator[str]:
    try:
        fits = (name for name in _WITH_JSON if LAYOUTS[name].fits(root))
        fitting = next(fits, "") if layout == AUTO else layout
        if fitting not in _WITH_JSON:
            return
        cases = LAYOUTS[fitting].read(root, None)
        left = sorted(set(_on_disk(root, fitting)) - set(_known(cases, fitting)))
        promised = read_dataset_json(root / "dataset.json").get("numTraining")
    except (BadInput, OSError):
        return  # who reads the cases says what is wrong with the data set
    if isinstance(promised, int) and promised > len(cases):
        yield (
            f"{root / 'dataset.json'} says numTraining {promised}, and {len(cases)} cases are "
            "there: has all of it been copied?"
        )
    if not left:
        return
    names = ", ".join(left[:_SHOWN])
    more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    count = "1 case" if len(left) == 1 else f"{len(left)} cases"
    yield (
        f"{root / 'dataset.json'} leaves out {count} of {' and '.join(_FOLDERS)}: {names}{more} "
        f"({_WITH_JSON[fitting]})."
    )


def _on_disk(root: Path, layout: str) -> Iterator[str]:
    for place in _FOLDERS:
        for file in (root / place).iterdir() if (root / place).is_dir() else ():
            if is_image_name(file.name) and not file.name.startswith("."):
                yield _case_of(file, layout, numbered=place == _FOLDERS[0])


def _known(cases: Sequence[TrainingCase], layout: str) -> Iterator[str]:
    for case in cases:
        yield case.name
        for image in case.sequences.values():
            yield _case_of(image, layout, numbered=True)
        if case.mask is not None:
            yield _case_of(case.mask, layout, numbered=False)


def _case_of(file: Path, layout: str, *, numbered: bool) -> str:
    name = strip_suffix(file.name)
    return re.sub(r"_\d{4}$", "", name) if numbered and layout == "nnunet" else name
