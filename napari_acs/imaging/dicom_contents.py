"""The DICOM series of a folder, as candidates for a study's sequences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never
from napari_acs.imaging.candidate import Candidate, MaskFile
from napari_acs.imaging.contents import Contents
from napari_acs.imaging.dicom import find_series, read_series, scan
from napari_acs.imaging.dicom.header import SEGMENTATIONS, read_header
from napari_acs.imaging.identify import Classifier, Clues, identify
from napari_acs.imaging.proposing import (
    FEW,
    distinct_titles,
    proposed,
    read_if_possible,
    surely_said,
)
from napari_acs.imaging.pseudonym import study_key

if TYPE_CHECKING:
    from napari_acs.imaging.dicom import Series

_CLEAR = 0.8
"""Of what headers say at least so surely the voxels need no look."""


def dicom_contents(
    folder: Path, classifier: Classifier | None, cancelled: Callable[[], bool]
) -> Contents:
    """Return what a folder of DICOM holds; the proposal is of the study that offers most."""
    found = scan(folder, cancelled=cancelled)
    if not found.series:
        raise BadInput(
            "No DICOM image was found",
            found=f"{len(found.segmentations)} segmentation(s), {found.others} other DICOM file(s)",
            expected="the images of an MRI study",
            do="Choose the folder that holds the series",
        )
    keys = {series.study_uid: study_key(series.study_uid) for series in found.series}
    candidates = [replace(_candidate(s), study=keys[s.study_uid]) for s in found.series]
    pairs = list(zip(found.series, candidates, strict=True))
    few = sum(not candidate.why_not for candidate in candidates) <= FEW
    proposals = {
        key: _guessed([pair for pair in pairs if pair[1].study == key], few, classifier, cancelled)
        for key in dict.fromkeys(keys.values())
    }
    guessed = {id(old): new for told in proposals.values() for old, new in told}
    best = max(proposals, key=lambda key: len(proposed([new for _, new in proposals[key]])))
    listed = tuple(guessed[id(candidate)] for candidate in candidates)
    chosen = proposed([candidate for candidate in listed if candidate.study == best])
    masks = tuple(
        MaskFile(s.file, frozenset(s.references), study_key(s.study_uid))
        for s in found.segmentations
    )
    images = Counter(keys[s.study_uid] for s in found.series if s.kind == "image")
    studies = dict(images or Counter(keys.values()))
    return Contents(best, listed, chosen, masks, dicom=True, studies=studies)


def only_series(path: Path, *, cancelled: Callable[[], bool] = never) -> Candidate:
    """Return the one image series of a folder of DICOM, or the series that a file belongs to.

    Raises
    ------
    BadInput
        There is none, or there are several.
    """
    found = find_series(path, cancelled=cancelled)
    header = read_header(path) if path.is_file() else None
    if header is not None:
        images = [series for series in found if series.uid == header.series_uid]
    else:
        images = [series for series in found if series.kind == "image"]
    if len(images) != 1:
        raise BadInput(
            "It is not clear which DICOM series is meant",
            found=", ".join(series.title for series in images) or "no image series",
            expected="one",
            do="Give the folder of that series, or the study's folder alone",
        )
    return replace(_candidate(images[0]), study=study_key(images[0].study_uid))


def mask_file(path: Path) -> MaskFile | None:
    """Return what a file says of itself where it is a DICOM SEG or RTSTRUCT; else None."""
    try:
        header = read_header(path)
    except OSError:
        return None
    if header is None or header.sop_class not in SEGMENTATIONS:
        return None
    return MaskFile(path, frozenset(header.references), study_key(header.study_uid))


def _candidate(series: Series) -> Candidate:
    number, called = series.tags.series_number, series.description or "no description"
    title = called if number is None else f"{number}: {called}"
    size = f"{series.slices} slices"
    if series.spacing is not None:
        size += f", {' x '.join(f'{mm:.3g}' for mm in series.spacing)} mm"
    why = series.problem or series.why
    return Candidate(
        f"{title} ({series.part})" if series.part else title,
        partial(read_series, series),
        detail=size,
        date=series.date,
        why_not=why,
        uid=series.uid,
    )


def _guessed(
    pairs: list[tuple[Series, Candidate]],
    look: bool,
    classifier: Classifier | None,
    cancelled: Callable[[], bool],
) -> list[tuple[Candidate, Candidate]]:
    """Pair each candidate of one study with the same one and its guess.

    Where the headers say too little, and ``look`` allows it, the voxels are read.
    """
    named = dict(zip(distinct_titles([c for _, c in pairs]), pairs, strict=True))
    good = {name: pair for name, pair in named.items() if not pair[1].why_not}
    clues = {name: Clues(tags=series.tags) for name, (series, _) in good.items()}
    guesses = identify(clues, statistics=False)
    if look and any(guess.confidence < _CLEAR for guess in guesses.values()):
        for name, (_, candidate) in good.items():
            volume = read_if_possible(candidate, cancelled)
            clues[name] = replace(clues[name], volume=volume)
        guesses = identify(clues, classifier=classifier)
    lost = {name: series for name, (series, _) in named.items() if series.problem}
    would_be = surely_said({name: Clues(tags=series.tags) for name, series in lost.items()})
    return [
        (c, replace(c, guess=guesses.get(name), would_be=would_be.get(name, "")))
        for name, (_, c) in named.items()
    ]
